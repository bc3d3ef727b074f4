//! The live picture: the same table, drawn four times a second until somebody presses q.

use crate::ears::{Ears, View};
use crate::text::{self, COLUMNS, Tone};
use anyhow::Result;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::layout::{Alignment, Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Cell, Paragraph, Row, Table};
use ratatui::{DefaultTerminal, Frame};
use std::time::{Duration, Instant};

/// Between two pictures.
const REDRAW: Duration = Duration::from_millis(250);
/// Between two looks at messages and keys.
const LOOK: Duration = Duration::from_millis(15);

/// Widths of the columns; the last takes what is left.
const WIDTHS: [u16; COLUMNS.len()] = [18, 15, 8, 8, 6, 8, 11, 8, 7, 7, 0];

/// Draws until q, Esc or Ctrl-C.
pub fn run(ears: &mut Ears) -> Result<()> {
    let mut terminal = ratatui::init();
    let ended = live(ears, &mut terminal);
    ratatui::restore();
    ended
}

fn live(ears: &mut Ears, terminal: &mut DefaultTerminal) -> Result<()> {
    let mut next = Instant::now();
    loop {
        ears.listen(LOOK);
        if Instant::now() >= next {
            next = Instant::now() + REDRAW;
            let view = ears.view();
            terminal.draw(|frame| draw(frame, &view))?;
        }
        while event::poll(Duration::ZERO)? {
            if ends(&event::read()?) {
                return Ok(());
            }
        }
    }
}

fn ends(event: &Event) -> bool {
    let Event::Key(key) = event else { return false };
    let interrupt = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
    let quit = matches!(key.code, KeyCode::Char('q') | KeyCode::Esc);
    key.kind == KeyEventKind::Press && (quit || interrupt)
}

/// After Okabe and Ito: the colour-blind can tell them apart.
fn color(tone: Tone) -> Color {
    match tone {
        Tone::Well => Color::Rgb(0, 158, 115),
        Tone::Odd => Color::Rgb(230, 159, 0),
        Tone::Bad => Color::Rgb(230, 97, 26),
        Tone::Absent => Color::Gray,
    }
}

fn draw(frame: &mut Frame, view: &View) {
    let [head, table, foot] =
        Layout::vertical([Constraint::Length(2), Constraint::Min(3), Constraint::Length(1)])
            .areas(frame.area());
    let bold = Style::new().add_modifier(Modifier::BOLD);
    frame.render_widget(Paragraph::new(Line::styled(text::headline(view), bold)), head);
    if view.rows.is_empty() {
        frame.render_widget(Paragraph::new(text::plain(view)), table);
    } else {
        frame.render_widget(nodes(view), table);
    }
    let keys = Span::styled("   q ends", Style::new().fg(Color::DarkGray));
    frame.render_widget(Line::from(vec![text::tally(view).into(), keys]), foot);
}

fn nodes(view: &View) -> Table<'static> {
    let head = Row::new(COLUMNS.map(|(name, numbers)| cell(name.to_owned(), numbers)))
        .style(Style::new().fg(Color::DarkGray));
    let rows = view.rows.iter().zip(&view.temperatures).map(|(row, heat)| {
        let tone = text::tone(row);
        let cells = text::cells(row, *heat).into_iter().zip(COLUMNS).enumerate();
        Row::new(cells.map(|(column, (text, (_, numbers)))| {
            let cell = cell(text, numbers);
            if column == 1 { cell.style(Style::new().fg(color(tone))) } else { cell }
        }))
    });
    let widths = WIDTHS.map(|width| match width {
        0 => Constraint::Fill(1),
        width => Constraint::Length(width),
    });
    Table::new(rows, widths).header(head).column_spacing(1)
}

fn cell(text: String, numbers: bool) -> Cell<'static> {
    let alignment = if numbers { Alignment::Right } else { Alignment::Left };
    Cell::from(Text::from(text).alignment(alignment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use overview::{NodeRow, Presence};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn picture(view: &View, width: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, 12)).unwrap();
        terminal.draw(|frame| draw(frame, view)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_picture_shows_nodes_and_who_is_gone_in_wide_and_narrow_terminals() {
        let gone = NodeRow {
            node: "driver_joint_3".into(),
            presence: Presence::Silent,
            pid: 4711,
            age: 3.0,
            ..NodeRow::default()
        };
        let view = View { rows: vec![gone], temperatures: vec![f64::NAN], ..View::default() };
        let wide = picture(&view, 130);
        for part in ["driver_joint_3", "✖ silent", "4711", "3.00 s", "0 of 1 nodes live", "q ends"]
        {
            assert!(wide.contains(part), "no {part} in\n{wide}");
        }
        assert!(picture(&view, 40).contains("driver_joint_3"));
        assert!(picture(&View::default(), 100).contains("nobody is heard"));
    }
}

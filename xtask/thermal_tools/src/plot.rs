//! Temperatures, bounds, alarms and derating as one SVG: a panel per joint, speed below.

use crate::recording::{Recording, State};
use anyhow::{Context, Result, anyhow};
use plotters::prelude::*;
use std::path::Path;

/// Width and height of a panel, pixels.
const PANEL: (u32, u32) = (900, 230);
/// More points than this are not told apart.
const POINTS: usize = 1500;
const WINDING: RGBColor = RGBColor(200, 60, 30);
const HOUSING: RGBColor = RGBColor(40, 90, 170);
const SENSOR: RGBColor = RGBColor(120, 120, 120);
/// Background while a joint is at level warning, derate, stop.
const LEVELS: [RGBColor; 3] =
    [RGBColor(255, 245, 200), RGBColor(255, 220, 170), RGBColor(250, 170, 160)];

type Points = Vec<(f64, f64)>;

/// One joint over time, s from the start.
struct Panel {
    title: String,
    winding: Points,
    bound: Points,
    housing: Points,
    sensor: Points,
    limit: Option<f64>,
    levels: Vec<(f64, f64, u8)>,
}

/// Draws a recording.
///
/// # Errors
/// When it is empty or the file cannot be written.
pub fn draw(recording: &Recording, path: &Path) -> Result<()> {
    let (begin, end) = span(recording).context("the recording is empty")?;
    let panels: Vec<Panel> = (0..6).filter_map(|joint| panel(recording, joint, begin)).collect();
    let speed: Points = recording.states.iter().map(|s| (s.time - begin, s.speed)).collect();
    let rows = panels.len() + 1;
    let size = (PANEL.0, PANEL.1 * u32::try_from(rows)?);
    let root = SVGBackend::new(path, size).into_drawing_area();
    let failed = |error: DrawingAreaErrorKind<std::io::Error>| anyhow!("{error}");
    root.fill(&WHITE).map_err(failed)?;
    let areas = root.split_evenly((rows, 1));
    let length = (end - begin).max(1.0);
    for (panel, area) in panels.iter().zip(&areas) {
        draw_panel(panel, area, length).map_err(|error| anyhow!("{error}"))?;
    }
    if let Some(area) = areas.last() {
        draw_speed(&thinned(&speed), area, length).map_err(|error| anyhow!("{error}"))?;
    }
    root.present().map_err(failed)
}

fn span(recording: &Recording) -> Option<(f64, f64)> {
    let states = recording.states.iter().map(|state| state.time);
    let telemetry = recording.telemetry.values().flatten().map(|sample| sample.time);
    let times: Vec<f64> = states.chain(telemetry).collect();
    let low = times.iter().copied().reduce(f64::min)?;
    Some((low, times.iter().copied().fold(low, f64::max)))
}

fn panel(recording: &Recording, joint: usize, begin: f64) -> Option<Panel> {
    let name = format!("joint_{}", joint + 1);
    let of = |values: fn(&State) -> &[f64; 6]| -> Points {
        let points = recording
            .states
            .iter()
            .filter_map(|state| Some((state.time - begin, *values(state).get(joint)?)));
        thinned(&points.collect::<Points>())
    };
    let samples = recording.telemetry.get(&name).map_or(&[][..], Vec::as_slice);
    let sensor: Points = samples.iter().map(|s| (s.time - begin, s.winding)).collect();
    let panel = Panel {
        winding: of(|s| &s.winding),
        bound: of(|s| &s.bound),
        housing: of(|s| &s.housing),
        sensor: thinned(&sensor),
        limit: recording.states.last().and_then(|s| s.limit.get(joint).copied()),
        levels: levels(&recording.states, joint, begin),
        title: name,
    };
    (!panel.winding.is_empty() || !panel.sensor.is_empty()).then_some(panel)
}

/// Stretches of time at a level above normal.
fn levels(states: &[State], joint: usize, begin: f64) -> Vec<(f64, f64, u8)> {
    let mut stretches: Vec<(f64, f64, u8)> = Vec::new();
    for state in states {
        let (time, level) = (state.time - begin, state.level.get(joint).copied().unwrap_or(0));
        match stretches.last_mut() {
            Some((_, end, last)) if *last == level => *end = time,
            last => {
                if let Some((_, end, _)) = last {
                    *end = time;
                }
                stretches.push((time, time, level));
            }
        }
    }
    stretches.retain(|(_, _, level)| *level > 0);
    stretches
}

fn thinned(points: &[(f64, f64)]) -> Points {
    let step = points.len().div_ceil(POINTS).max(1);
    points.iter().step_by(step).copied().filter(|(_, y)| y.is_finite()).collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw_panel(panel: &Panel, area: &Area<'_>, length: f64) -> Drawn {
    let all = [&panel.winding, &panel.bound, &panel.housing, &panel.sensor];
    let values = all.into_iter().flatten().map(|(_, y)| *y).chain(panel.limit);
    let (low, high) = values.fold((20.0_f64, 40.0_f64), |(l, h), y| (l.min(y), h.max(y)));
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, ("sans-serif", 16))
        .margin(6)
        .x_label_area_size(24)
        .y_label_area_size(46)
        .build_cartesian_2d(0.0..length, low - 5.0..high + 5.0)?;
    for (from, to, level) in &panel.levels {
        let color = LEVELS.get(usize::from(level.saturating_sub(1))).copied().unwrap_or(WHITE);
        let corners = [(*from, low - 5.0), (*to, high + 5.0)];
        chart.draw_series([Rectangle::new(corners, color.filled())])?;
    }
    chart.configure_mesh().disable_mesh().x_desc("s").y_desc("°C").draw()?;
    chart
        .draw_series(LineSeries::new(panel.sensor.clone(), SENSOR))?
        .label("winding sensor")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], SENSOR));
    chart
        .draw_series(LineSeries::new(panel.housing.clone(), HOUSING))?
        .label("housing")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], HOUSING));
    chart
        .draw_series(LineSeries::new(panel.bound.clone(), WINDING.mix(0.4)))?
        .label("bound")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], WINDING.mix(0.4)));
    chart
        .draw_series(LineSeries::new(panel.winding.clone(), WINDING.stroke_width(2)))?
        .label("winding")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], WINDING));
    if let Some(limit) = panel.limit {
        chart
            .draw_series(LineSeries::new([(0.0, limit), (length, limit)], BLACK))?
            .label("limit")
            .legend(|(x, y)| PathElement::new([(x, y), (x + 14, y)], BLACK));
    }
    chart
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .position(SeriesLabelPosition::UpperLeft)
        .draw()?;
    Ok(())
}

fn draw_speed(speed: &Points, area: &Area<'_>, length: f64) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption("speed allowed by heat", ("sans-serif", 16))
        .margin(6)
        .x_label_area_size(24)
        .y_label_area_size(46)
        .build_cartesian_2d(0.0..length, 0.0..1.05)?;
    chart.configure_mesh().disable_mesh().x_desc("s").y_desc("fraction").draw()?;
    chart.draw_series(LineSeries::new(speed.clone(), WINDING))?;
    Ok(())
}

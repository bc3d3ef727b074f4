//! The comparison as a picture: downtime by kind, and how it adds up over the first seed's time.

use super::Pair;
use super::meter::Downtime;
use super::summary::Row;
use anyhow::{Result, anyhow};
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (1000, 900);
const MONOLITH: RGBColor = RGBColor(201, 92, 67);
const SPLIT: RGBColor = RGBColor(46, 111, 142);

/// Draws both to an SVG file.
pub fn draw(path: &Path, rows: &[Row], pairs: &[Pair]) -> Result<()> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(failed)?;
    let (upper, lower) = area.split_vertically(520);
    bars(&upper, rows)?;
    if let Some(pair) = pairs.first() {
        course(&lower, pair)?;
    }
    area.present().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("{error}")
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Two bars per kind: downtime events per hundred faults of it.
fn bars(area: &Area, rows: &[Row]) -> Result<()> {
    let share = |events: usize, row: &Row| 100.0 * events as f64 / row.faults.max(1) as f64;
    let values =
        rows.iter().flat_map(|row| [share(row.monolith.events, row), share(row.split.events, row)]);
    let most = values.fold(10.0, f64::max) * 1.08;
    let count = rows.len() as f64;
    let mut chart = ChartBuilder::on(area)
        .caption("Downtime events per 100 faults", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(170)
        .build_cartesian_2d(0.0..most, 0.0..count)
        .map_err(failed)?;
    let name = |y: &f64| {
        let row = rows.len().checked_sub(1 + y.floor() as usize).and_then(|at| rows.get(at));
        row.map_or(String::new(), |row| row.kind.name().to_owned())
    };
    chart
        .configure_mesh()
        .disable_y_mesh()
        .y_labels(rows.len() * 2 + 1)
        .y_label_formatter(&|y| {
            if (y.fract() - 0.5).abs() < 0.01 { name(y) } else { String::new() }
        })
        .draw()
        .map_err(failed)?;
    for (series, color, label, low) in
        [(false, MONOLITH, "one process", 0.5), (true, SPLIT, "a process per service", 0.12)]
    {
        let bar = |(at, row): (usize, &Row)| {
            let y = count - 1.0 - at as f64 + low;
            let events = if series { row.split.events } else { row.monolith.events };
            Rectangle::new([(0.0, y), (share(events, row), y + 0.36)], color.filled())
        };
        let drawn = chart.draw_series(rows.iter().enumerate().map(bar)).map_err(failed)?;
        drawn
            .label(label)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], color.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()
        .map_err(failed)
}

/// Seconds of downtime so far, over time.
fn course(area: &Area, pair: &Pair) -> Result<()> {
    let both =
        [(&pair.monolith, MONOLITH, "one process"), (&pair.split, SPLIT, "a process per service")];
    let minutes = both.iter().map(|(life, ..)| life.length / 60.0).fold(1.0, f64::max);
    let most = both.iter().map(|(life, ..)| total(&life.events)).fold(1.0, f64::max) * 1.05;
    let mut chart = ChartBuilder::on(area)
        .caption(format!("Downtime so far, seed {}", pair.seed), ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(70)
        .build_cartesian_2d(0.0..minutes, 0.0..most)
        .map_err(failed)?;
    let mesh = &mut chart.configure_mesh();
    mesh.x_desc("virtual time, min").y_desc("downtime, s").draw().map_err(failed)?;
    for (life, color, _) in both {
        let line = steps(&life.events, life.length);
        chart.draw_series(LineSeries::new(line, color.stroke_width(2))).map_err(failed)?;
    }
    Ok(())
}

fn total(events: &[Downtime]) -> f64 {
    events.iter().map(|event| event.length).sum()
}

fn steps(events: &[Downtime], length: f64) -> Vec<(f64, f64)> {
    let (mut line, mut sum) = (vec![(0.0, 0.0)], 0.0);
    for event in events {
        line.push((event.begin / 60.0, sum));
        sum += event.length;
        line.push(((event.begin + event.length) / 60.0, sum));
    }
    line.push((length / 60.0, sum));
    line
}

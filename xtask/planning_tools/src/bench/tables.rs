//! Percentiles and how they are printed.

use serde_json::{Value, json};

/// Percentiles of a list; NaN when it is empty.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    pub count: usize,
    pub mean: f64,
    pub q25: f64,
    pub median: f64,
    pub q75: f64,
    pub p95: f64,
    pub max: f64,
}

impl Spread {
    /// Heads the rows.
    pub const HEAD: &str = "                                     count     mean      q25   median      q75      p95      max";

    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let index = (share * (values.len().max(1) - 1) as f64).round() as usize;
            values.get(index).copied().unwrap_or(f64::NAN)
        };
        Self {
            count: values.len(),
            mean: values.iter().sum::<f64>() / values.len() as f64,
            q25: at(0.25),
            median: at(0.5),
            q75: at(0.75),
            p95: at(0.95),
            max: at(1.0),
        }
    }

    pub fn json(&self) -> Value {
        let number = |x: f64| if x.is_finite() { json!(x) } else { Value::Null };
        json!({
            "count": self.count, "mean": number(self.mean), "q25": number(self.q25),
            "median": number(self.median), "q75": number(self.q75), "p95": number(self.p95),
            "max": number(self.max),
        })
    }
}

/// A line of the table.
pub fn row(name: &str, unit: &str, s: &Spread) -> String {
    let figures = [s.mean, s.q25, s.median, s.q75, s.p95, s.max];
    let figures: String = figures.iter().map(|x| format!(" {:>8}", figure(*x))).collect();
    format!("{name:<32} {unit:>3} {:>5}{figures}", s.count)
}

fn figure(x: f64) -> String {
    if x.abs() >= 1000.0 { format!("{x:.0}") } else { format!("{x:.2}") }
}

//! The report: times, ratios and their geometric means, as a Markdown table that also reads well in a terminal.

use std::time::Duration;

/// Run times: `cells[workload][engine]`, none where the engine failed.
pub(crate) struct Results {
    pub(crate) workloads: Vec<String>,
    pub(crate) engines: Vec<&'static str>,
    pub(crate) cells: Vec<Vec<Option<Duration>>>,
}

impl Results {
    fn column(&self, engine: &str) -> Option<usize> {
        self.engines.iter().position(|name| *name == engine)
    }

    /// One engine's time over another's, by workload.
    fn ratios(&self, over: usize, under: usize) -> Vec<Option<f64>> {
        let ratio = |row: &Vec<Option<Duration>>| {
            Some(row[over]?.as_secs_f64() / row[under]?.as_secs_f64())
        };
        self.cells.iter().map(ratio).collect()
    }

    /// Run times as multiples of `base`, whose own column is in milliseconds, and at the end tickwasm's as a multiple of
    /// wasmi's.
    pub(crate) fn ratio_table(&self, base: &str) -> String {
        let Some(base) = self.column(base) else {
            return String::new();
        };
        let mut header = vec!["workload".to_owned(), format!("{} ms", self.engines[base])];
        let mut columns = Vec::new();
        for (index, name) in self
            .engines
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != base)
        {
            header.push((*name).to_owned());
            columns.push((index, self.ratios(index, base)));
        }
        if let (Some(ours), Some(theirs)) = (self.column("tickwasm"), self.column("wasmi")) {
            header.push("tickwasm/wasmi".to_owned());
            columns.push((ours, self.ratios(ours, theirs)));
        }
        let mut rows = vec![header];
        for (index, name) in self.workloads.iter().enumerate() {
            let cells = &self.cells[index];
            let mut row = vec![name.clone(), milliseconds(cells[base])];
            row.extend(columns.iter().map(|(engine, column)| {
                match (column[index], cells[*engine]) {
                    (Some(ratio), _) => format!("{ratio:.2}"),
                    (None, None) => "fail".to_owned(),
                    // It is the engine to compare with that failed.
                    (None, Some(_)) => "–".to_owned(),
                }
            }));
            rows.push(row);
        }
        let mut last = vec!["**geometric mean**".to_owned(), String::new()];
        last.extend(columns.iter().map(|(_, column)| geometric_mean(column)));
        rows.push(last);
        draw(&rows)
    }

    /// The times themselves.
    pub(crate) fn time_table(&self) -> String {
        let mut rows = vec![
            std::iter::once("ms".to_owned())
                .chain(self.engines.iter().map(|&name| name.to_owned()))
                .collect(),
        ];
        for (name, cells) in self.workloads.iter().zip(&self.cells) {
            rows.push(
                std::iter::once(name.clone())
                    .chain(cells.iter().map(|&cell| milliseconds(cell)))
                    .collect(),
            );
        }
        draw(&rows)
    }
}

fn milliseconds(time: Option<Duration>) -> String {
    time.map_or("fail".to_owned(), |time| {
        format!("{:.1}", time.as_secs_f64() * 1e3)
    })
}

/// The mean over the workloads that ran; how many did not is said, because means over different sets do not compare.
fn geometric_mean(column: &[Option<f64>]) -> String {
    let logs: Vec<f64> = column.iter().flatten().map(|ratio| ratio.ln()).collect();
    if logs.is_empty() {
        return "–".to_owned();
    }
    let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    match column.len() - logs.len() {
        0 => format!("**{mean:.2}**"),
        failed => format!("**{mean:.2}** (-{failed})"),
    }
}

fn draw(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            let cell = if column == 0 {
                format!("| {cell:<width$} ")
            } else {
                format!("| {cell:>width$} ")
            };
            text.push_str(&cell);
        }
        text.push_str("|\n");
        if index == 0 {
            for (column, &width) in widths.iter().enumerate() {
                text.push_str(&if column == 0 {
                    format!("|{}", "-".repeat(width + 2))
                } else {
                    format!("|{}:", "-".repeat(width + 1))
                });
            }
            text.push_str("|\n");
        }
    }
    text
}

/// The middle of sorted values, or the mean of the two in the middle.
pub(crate) fn median(sorted: &[Duration]) -> Option<Duration> {
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2),
    }
}

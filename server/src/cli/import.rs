//! Machines from a CSV or JSON file.

use std::path::Path;

use serde_json::{Value, json};

use super::client::{ClientError, read_file};

/// The machines of a file, each with its line (CSV) or its place (JSON), in the form that the API takes.
pub(super) fn read(path: &Path) -> Result<Vec<(usize, Value)>, ClientError> {
    let text = read_file(path)?;
    let bad = |(line, problem): (usize, String)| ClientError::Import { path: path.to_owned(), line, problem };
    if path.extension().is_some_and(|extension| extension == "json") {
        let value: Value = serde_json::from_str(&text).map_err(|error| bad((error.line(), error.to_string())))?;
        let Value::Array(machines) = value else { return Err(bad((1, "must be an array of machines".to_owned()))) };
        return Ok(machines.into_iter().enumerate().map(|(at, machine)| (at + 1, machine)).collect());
    }
    csv(&text).map_err(bad)
}

fn csv(text: &str) -> Result<Vec<(usize, Value)>, (usize, String)> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(false).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| (1, error.to_string()))?.clone();
    const COLUMNS: [&str; 7] =
        ["name", "macs", "power_driver", "power_on_uri", "power_off_uri", "power_query_uri", "power_token"];
    if let Some(unknown) = header.iter().find(|column| !COLUMNS.contains(column)) {
        return Err((1, format!("there is no column `{unknown}`; there are {}", COLUMNS.join(", "))));
    }
    if !header.iter().any(|column| column == "macs") {
        return Err((1, "the column macs is missing".to_owned()));
    }
    let mut machines = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| (line(&error), error.to_string()))?;
        let at = record.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0));
        let field = |name: &str| {
            let column = header.iter().position(|column| column == name)?;
            record.get(column).filter(|value| !value.is_empty())
        };
        let macs: Vec<&str> =
            field("macs").unwrap_or_default().split([' ', ';']).filter(|mac| !mac.is_empty()).collect();
        let mut machine = json!({"macs": macs});
        if let Some(name) = field("name") {
            machine["name"] = json!(name);
        }
        if let Some(driver) = field("power_driver") {
            let mut power = json!({"driver": driver});
            for (column, key) in [
                ("power_on_uri", "power_on_uri"),
                ("power_off_uri", "power_off_uri"),
                ("power_query_uri", "power_query_uri"),
                ("power_token", "token"),
            ] {
                if let Some(value) = field(column) {
                    power[key] = json!(value);
                }
            }
            machine["power"] = power;
        }
        machines.push((at, machine));
    }
    Ok(machines)
}

fn line(error: &csv::Error) -> usize {
    error.position().map_or(0, |position| usize::try_from(position.line()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_from_csv() {
        let text = "name, macs, power_driver, power_on_uri\nrack1-1, 52:54:00:00:00:01 52:54:00:00:00:02, webhook, http://h/on\n,52:54:00:00:00:03,,\n";
        let machines = csv(text).unwrap();
        assert_eq!(machines[0].0, 2);
        assert_eq!(machines[0].1["macs"][1], "52:54:00:00:00:02");
        assert_eq!(machines[0].1["power"], json!({"driver": "webhook", "power_on_uri": "http://h/on"}));
        assert_eq!(machines[1].1, json!({"macs": ["52:54:00:00:00:03"]}));
    }

    #[test]
    fn a_bad_file_is_refused_with_its_line() {
        assert_eq!(csv("mac\nx\n").unwrap_err().0, 1);
        assert_eq!(csv("name,macs\na,b\nc\n").unwrap_err().0, 3);
    }
}

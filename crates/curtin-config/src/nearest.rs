//! The nearest known name for a mistyped one.

/// The name that is at most a third of its length away, if there is one.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    // No name is long; what is longer than any of them is not a typing error.
    if name.len() > 64 {
        return None;
    }
    let name = name.replace('-', "_").to_ascii_lowercase();
    known
        .iter()
        // What differs that much in length alone is no typing error.
        .filter(|candidate| candidate.len().abs_diff(name.len()) * 3 <= candidate.len())
        .map(|candidate| (distance(&name, &candidate.replace('-', "_")), *candidate))
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cell = (corner + usize::from(x != *y)).min(left + 1).min(above + 1);
            corner = *above;
            left = cell;
            next.push(cell);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_typing_errors_only() {
        let known = ["late_commands", "early_commands", "sources", "storage"];
        assert_eq!(nearest("late-commands", &known), Some("late_commands"));
        assert_eq!(nearest("storge", &known), Some("storage"));
        assert_eq!(nearest("source", &known), Some("sources"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(nearest(&"x".repeat(1000), &known), None);
    }
}

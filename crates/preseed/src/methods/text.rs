//! Methods of texts.

use crate::arguments::{Arguments, required, text as text_of, whole, whole_or};
use crate::budget::Budget;
use crate::{Problem, Value, builtins, format};

use super::{is_space, predicate, split};

type Outcome = Result<Value, Problem>;

pub(super) fn call(text: &str, name: &str, arguments: Arguments, budget: &mut Budget) -> Outcome {
    match name {
        "format" => return format::format(text, &arguments, budget).map(Value::from),
        "format_map" => {
            let [map] = arguments.take(name, ["!"])?;
            let Value::Map(map) = required(map) else {
                return Err(Problem::Type("`format_map` takes a dictionary".to_owned()));
            };
            let named = map.iter().map(|(name, value)| (name.into(), value.clone())).collect();
            return format::format(text, &Arguments { positional: Vec::new(), named }, budget).map(Value::from);
        }
        "split" | "rsplit" | "splitlines" => return cut(text, name, arguments, budget),
        "partition" | "rpartition" => return partition(text, name, arguments),
        "strip" | "lstrip" | "rstrip" => return strip(text, name, arguments),
        "startswith" | "endswith" => return starts_or_ends(text, name, arguments),
        "find" | "rfind" | "index" | "rindex" | "count" => return find(text, name, arguments),
        "center" | "ljust" | "rjust" | "zfill" | "expandtabs" => return widen(text, name, arguments, budget),
        "replace" => return replace(text, arguments, budget),
        "join" => {
            let [items] = arguments.take(name, ["!"])?;
            return join(text, &builtins::items(&required(items), budget)?, budget);
        }
        "removeprefix" | "removesuffix" => {
            let [part] = arguments.take(name, ["!"])?;
            let part = text_of(name, part)?;
            let rest = if name == "removeprefix" { text.strip_prefix(&*part) } else { text.strip_suffix(&*part) };
            return Ok(Value::from(rest.unwrap_or(text)));
        }
        _ => {}
    }
    let [] = arguments.take(name, [])?;
    Ok(match name {
        "lower" => Value::from(text.to_lowercase()),
        "casefold" => Value::from(text.chars().flat_map(case_fold).collect::<String>()),
        "upper" => Value::from(text.to_uppercase()),
        "swapcase" => Value::from(swap_case(text)),
        "capitalize" => {
            let mut characters = text.chars();
            let first: String = characters.next().into_iter().flat_map(title_case).collect();
            Value::from(first + &characters.as_str().to_lowercase())
        }
        "title" => Value::from(title(text)),
        _ => Value::Bool(predicate::is(name, text)),
    })
}

/// The letters for a comparison in which case does not matter.
fn case_fold(character: char) -> Vec<char> {
    match character {
        'ı' => vec!['ı'],
        'ẞ' => vec!['s', 's'],
        // Cherokee had capitals first.
        '\u{13a0}'..='\u{13fd}' | '\u{ab70}'..='\u{abbf}' => character.to_uppercase().collect(),
        _ => character.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect(),
    }
}

fn swap_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_uppercase() {
            out.extend(character.to_lowercase());
        } else {
            out.extend(character.to_uppercase());
        }
    }
    out
}

/// The letter at the start of a word: of a letter that becomes several, only the first is a capital.
fn title_case(character: char) -> Vec<char> {
    let single = match character {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        // Georgian has capitals for whole words only.
        '\u{10d0}'..='\u{10ff}' => character,
        _ => '\0',
    };
    if single != '\0' {
        return vec![single];
    }
    let mut upper = character.to_uppercase();
    let mut letters: Vec<char> = upper.next().into_iter().collect();
    letters.extend(upper.flat_map(char::to_lowercase));
    letters
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if inside {
            out.extend(character.to_lowercase());
        } else {
            out.extend(title_case(character));
        }
        inside = character.is_lowercase() || character.is_uppercase();
    }
    out
}

fn cut(text: &str, name: &str, arguments: Arguments, budget: &mut Budget) -> Outcome {
    let parts = if name == "splitlines" {
        let [keep] = arguments.take(name, ["keepends"])?;
        split::lines(text, whole_or(keep, 0)? != 0)
    } else {
        let [separator, times] = arguments.take(name, ["sep", "maxsplit"])?;
        let times = whole_or(times, -1)?;
        match (separator.unwrap_or_default(), name) {
            (Value::None, "split") => split::at_spaces(text, times),
            (Value::None, _) => split::at_spaces_from_end(text, times),
            (Value::Str(separator), _) if separator.is_empty() => {
                return Err(Problem::Type(format!("`{name}` needs a separator that is not empty")));
            }
            (Value::Str(separator), "split") => split::at(text, &separator, times),
            (Value::Str(separator), _) => split::at_from_end(text, &separator, times),
            (other, _) => return Err(Problem::Type(format!("`{name}` takes a string, not {}", other.kind()))),
        }
    };
    budget.charge(parts.len())?;
    Ok(Value::from(parts))
}

fn partition(text: &str, name: &str, arguments: Arguments) -> Outcome {
    let [separator] = arguments.take(name, ["!"])?;
    let separator = text_of(name, separator)?;
    if separator.is_empty() {
        return Err(Problem::Type(format!("`{name}` needs a separator that is not empty")));
    }
    let (found, missing) = if name == "partition" {
        (text.split_once(&*separator), [text, "", ""])
    } else {
        (text.rsplit_once(&*separator), ["", "", text])
    };
    Ok(Value::tuple(found.map_or(missing, |(before, after)| [before, &separator, after])))
}

fn strip(text: &str, name: &str, arguments: Arguments) -> Outcome {
    let [set] = arguments.take(name, [""])?;
    let set = match set {
        None | Some(Value::None) => None,
        set => Some(text_of(name, set)?),
    };
    let is_cut = |character: char| set.as_ref().map_or_else(|| is_space(character), |set| set.contains(character));
    Ok(Value::from(match name {
        "strip" => text.trim_matches(is_cut),
        "lstrip" => text.trim_start_matches(is_cut),
        _ => text.trim_end_matches(is_cut),
    }))
}

/// The part between two positions, counted from the end where they are negative, and where it starts; `None` if there
/// is no such part.
fn part(text: &str, start: Option<Value>, end: Option<Value>) -> Result<Option<(&str, i64)>, Problem> {
    let len = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    let bound = |value: Option<Value>, default: i64| -> Result<i64, Problem> {
        let at = whole_or(value.filter(|value| !matches!(value, Value::None)), default)?;
        Ok(if at < 0 { at.saturating_add(len).max(0) } else { at })
    };
    let (start, end) = (bound(start, 0)?, bound(end, len)?.min(len));
    if start > end {
        return Ok(None);
    }
    let offset = |at: i64| {
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        text.char_indices().nth(at).map_or(text.len(), |(offset, _)| offset)
    };
    Ok(text.get(offset(start)..offset(end)).map(|part| (part, start)))
}

fn starts_or_ends(text: &str, name: &str, arguments: Arguments) -> Outcome {
    let [wanted, start, end] = arguments.take(name, ["!", "", ""])?;
    let wanted = match required(wanted) {
        Value::Tuple(all) => all.iter().map(|one| text_of(name, Some(one.clone()))).collect::<Result<Vec<_>, _>>()?,
        one => vec![text_of(name, Some(one))?],
    };
    let Some((text, _)) = part(text, start, end)? else { return Ok(Value::Bool(false)) };
    let fits = |wanted: &str| if name == "startswith" { text.starts_with(wanted) } else { text.ends_with(wanted) };
    Ok(Value::Bool(wanted.iter().any(|wanted| fits(wanted))))
}

fn find(text: &str, name: &str, arguments: Arguments) -> Outcome {
    let [wanted, start, end] = arguments.take(name, ["!", "", ""])?;
    let wanted = text_of(name, wanted)?;
    let found = part(text, start, end)?;
    if name == "count" {
        let count = found.map_or(0, |(part, _)| part.matches(&*wanted).count());
        return Ok(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)));
    }
    let at = found.and_then(|(part, start)| {
        let at = if name.starts_with('r') { part.rfind(&*wanted) } else { part.find(&*wanted) }?;
        let before = part.get(..at)?.chars().count();
        Some(start + i64::try_from(before).ok()?)
    });
    match at {
        Some(at) => Ok(Value::Int(at)),
        None if name.ends_with("find") => Ok(Value::Int(-1)),
        None => Err(Problem::Missing { of: "a string", name: format!("{wanted:.40}"), suggestion: None }),
    }
}

fn widen(text: &str, name: &str, arguments: Arguments, budget: &mut Budget) -> Outcome {
    if name == "expandtabs" {
        let [size] = arguments.take(name, ["tabsize"])?;
        return expand_tabs(text, whole_or(size, 8)?, budget);
    }
    let [width, fill] = arguments.take(name, ["!", ""])?;
    let width = usize::try_from(whole(&required(width))?).unwrap_or(0);
    let missing = width.saturating_sub(text.chars().count());
    if name == "zfill" {
        if fill.is_some() {
            return Err(Problem::Type("`zfill` takes 1 argument".to_owned()));
        }
        budget.charge(missing)?;
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let sign = text.strip_suffix(digits).unwrap_or_default();
        return Ok(Value::from(format!("{sign}{}{digits}", "0".repeat(missing))));
    }
    let fill = fill.map_or(Ok(" ".into()), |fill| text_of(name, Some(fill)))?;
    if fill.chars().count() != 1 {
        return Err(Problem::Type(format!("`{name}` fills with one character")));
    }
    budget.charge(missing.saturating_mul(fill.len()))?;
    // An odd rest goes to the left where the width is odd, as it does in Python.
    let left = match name {
        "ljust" => 0,
        "rjust" => missing,
        _ => missing / 2 + (missing & width & 1),
    };
    Ok(Value::from(format!("{}{text}{}", fill.repeat(left), fill.repeat(missing - left))))
}

fn expand_tabs(text: &str, size: i64, budget: &mut Budget) -> Outcome {
    let size = usize::try_from(size).unwrap_or(0);
    budget.charge(text.matches('\t').count().saturating_mul(size))?;
    let mut out = String::new();
    let mut column = 0;
    for character in text.chars() {
        match character {
            '\t' => {
                let spaces = if size == 0 { 0 } else { size - column % size };
                out.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
            }
            '\n' | '\r' => {
                out.push(character);
                column = 0;
            }
            _ => {
                out.push(character);
                column += 1;
            }
        }
    }
    Ok(Value::from(out))
}

fn replace(text: &str, arguments: Arguments, budget: &mut Budget) -> Outcome {
    let [from, to, times] = arguments.take("replace", ["!", "!", "count"])?;
    let (from, to) = (text_of("replace", from)?, text_of("replace", to)?);
    let found = text.matches(&*from).count();
    let times = usize::try_from(whole_or(times, -1)?).map_or(found, |times| times.min(found));
    budget.charge(text.len().saturating_add(times.saturating_mul(to.len())))?;
    Ok(Value::from(text.replacen(&*from, &to, times)))
}

fn join(separator: &str, items: &[Value], budget: &mut Budget) -> Outcome {
    let mut out = String::new();
    for (at, item) in items.iter().enumerate() {
        let Value::Str(text) = item else {
            return Err(Problem::Type(format!("`join` takes strings, and item {at} is {}", item.kind())));
        };
        budget.charge(separator.len() + text.len())?;
        if at > 0 {
            out.push_str(separator);
        }
        out.push_str(text);
    }
    Ok(Value::from(out))
}

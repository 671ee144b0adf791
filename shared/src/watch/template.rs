//! A retailer's own words for a rule's alerts: text with placeholders in braces.
//!
//! Pure. `{metric}` stands for the metric's name; two braces stand for one. Invariants: only [`PLACEHOLDERS`] stand for
//! something; what a filled text says twice was there twice: a value is never read as a template again.

/// What may stand in braces.
pub const PLACEHOLDERS: &[&str] = &["metric", "place", "when", "value", "line", "expected", "overshoot", "rule"];

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
    /// A brace that opens and does not close, or closes and was not opened.
    Loose,
}

/// The pieces of a template, in order.
fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = template;
    while let Some(place) = rest.find(['{', '}']) {
        let (text, behind) = rest.split_at(place);
        if !text.is_empty() {
            found.push(Piece::Text(text));
        }
        rest = if let Some(after) = behind.strip_prefix("{{").or_else(|| behind.strip_prefix("}}")) {
            found.push(Piece::Text(&behind[..1]));
            after
        } else if let Some((name, after)) = behind.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            found.push(Piece::Placeholder(name));
            after
        } else {
            found.push(Piece::Loose);
            &behind[1..]
        };
    }
    if !rest.is_empty() {
        found.push(Piece::Text(rest));
    }
    found
}

/// What is wrong with a template, in words; `None` when it is sound.
pub fn fault(template: &str) -> Option<String> {
    pieces(template).into_iter().find_map(|piece| match piece {
        Piece::Placeholder(name) if !PLACEHOLDERS.contains(&name) => {
            let shown: String = name.chars().take(32).collect();
            Some(format!("`{{{shown}}}` stands for nothing. Takes {{{}}}.", PLACEHOLDERS.join("}, {")))
        }
        Piece::Loose => Some("A brace stands alone. Write `{{` or `}}` for a brace that shall be shown.".to_owned()),
        Piece::Placeholder(_) | Piece::Text(_) => None,
    })
}

/// The text, with what `value` gives for each placeholder; a dash where it gives nothing.
pub fn filled(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let piece = |piece| match piece {
        Piece::Text(text) => text.to_owned(),
        Piece::Placeholder(name) => value(name).unwrap_or_else(|| "–".to_owned()),
        Piece::Loose => String::new(),
    };
    pieces(template).into_iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once_and_braces_can_be_shown() {
        let value = |name: &str| (name != "line").then(|| format!("<{name} {{value}}>"));
        assert_eq!(filled("{{{metric}}} 在 {place}：{line}", value), "{<metric {value}>} 在 <place {value}>：–");
        assert_eq!(filled("", value), "");
    }

    #[test]
    fn what_stands_for_nothing_is_told() {
        for sound in ["No braces", "{rule}: {value}", "100 {{%}}", "销售额 {value}"] {
            assert_eq!(fault(sound), None, "{sound}");
        }
        for wrong in ["{colour}", "{", "}", "{value", "value}", "{}", "{{value}", "{ value }"] {
            assert!(fault(wrong).is_some(), "{wrong}");
        }
        assert!(fault("{colour}").unwrap().contains("{metric}"));
    }
}

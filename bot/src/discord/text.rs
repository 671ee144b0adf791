//! Text that the platform shows as it stands. Pure.
//!
//! Invariants: [`escape`] leaves no character with a meaning in Discord's markup unescaped; [`cut`] never parts an
//! escaped character from its backslash and marks every cut; neither lets a direction override or a control
//! character through, with which a name could pretend to be something else.

/// Without control characters (but line breaks) and without direction overrides.
pub(crate) fn clean(text: &str) -> String {
    text.chars().filter(|&c| c == '\n' || !(c.is_control() || is_direction(c))).collect()
}

fn is_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// As [`clean`], and every mark of Discord's markup, mentions and links among it, behind a backslash.
pub(crate) fn escape(text: &str) -> String {
    let text = clean(text);
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    let mut starts_line = true;
    while let Some(c) = rest.next() {
        let special = match c {
            '\\' | '*' | '_' | '~' | '`' | '|' | '<' | '>' | '[' | ']' | '@' => true,
            // A heading, small print or list at the start of a line.
            '#' | '-' | '+' => starts_line,
            // An address: `https\://…` is text.
            ':' => rest.peek() == Some(&'/'),
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(c);
        starts_line = c == '\n' || (starts_line && c == ' ');
    }
    escaped
}

/// At most `most` characters; a cut ends in an ellipsis.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    // An odd number of backslashes at the end escapes what was cut off.
    if short.chars().rev().take_while(|&c| c == '\\').count() % 2 == 1 {
        short.pop();
    }
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_at_the_start_of_a_line_is_escaped_and_elsewhere_left_alone() {
        assert_eq!(escape("# big\n -# small\n- item\na-b #1"), "\\# big\n \\-# small\n\\- item\na-b #1");
        assert_eq!(escape("12:30 http://x.example"), "12:30 http\\://x.example");
        assert_eq!(escape("优惠券_大促"), "优惠券\\_大促");
    }

    #[test]
    fn overrides_and_control_characters_are_left_out() {
        assert_eq!(escape("pay\u{202e}gpj\u{2066}.exe\u{7}\r\nok"), "paygpj.exe\nok");
    }

    #[test]
    fn a_cut_never_ends_in_half_an_escape() {
        for most in 1..12 {
            let short = cut(&escape(r"\\**__ab"), most);
            assert!(short.chars().count() <= most);
            let body = short.strip_suffix('…').unwrap();
            assert_eq!(body.chars().rev().take_while(|&c| c == '\\').count() % 2, 0, "{short}");
        }
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}

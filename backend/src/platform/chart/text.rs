//! What the embedded font can draw, and how wide it is.
//!
//! The font is Noto Sans SC, reduced to GB 2312, Latin-1 and common signs (SIL Open Font License,
//! text beside the file). Its bytes are part of the program and are read once.
//! Every text of a caller passes [`drawable`] before it is measured and [`escape`] before it is
//! written: control characters and invisible marks go, Latin letters that the font lacks lose
//! their diacritics (Łódź becomes Lodz), anything else that it lacks becomes □.

use std::sync::{Arc, OnceLock};

use resvg::usvg::fontdb;
use ttf_parser::Face;

/// Family name of the embedded font.
pub(super) const FAMILY: &str = "Noto Sans SC";
/// Stands for a character that the font cannot draw.
const FALLBACK: char = '□';
/// Shows that a text was cut.
const ELLIPSIS: char = '…';

static FONT_BYTES: &[u8] = include_bytes!("../../../assets/fonts/NotoSansSC-GB2312.otf");

/// Base letters of U+0100 to U+017F (Latin Extended-A), in order.
const LATIN_EXTENDED_A: &str = "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiJjJjKkkLlLlLlLlLl\
NnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

/// The font for measuring.
fn face() -> &'static Face<'static> {
    static FACE: OnceLock<Face<'static>> = OnceLock::new();
    FACE.get_or_init(|| {
        #[expect(
            clippy::expect_used,
            reason = "the bytes are a constant of the build, and every test of this module parses them"
        )]
        Face::parse(FONT_BYTES, 0).expect("the embedded font is well formed")
    })
}

/// The font for rendering: a database that holds the embedded font only, loaded once.
pub(super) fn database() -> &'static Arc<fontdb::Database> {
    static DATABASE: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    DATABASE.get_or_init(|| {
        let mut database = fontdb::Database::new();
        database.load_font_source(fontdb::Source::Binary(Arc::new(FONT_BYTES)));
        Arc::new(database)
    })
}

/// Whether the font has a glyph for the character.
pub(super) fn has_glyph(c: char) -> bool {
    face().glyph_index(c).is_some()
}

/// Characters that have no shape of their own: joiners, direction marks, variation selectors,
/// combining marks (their letter stays), byte order marks, tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{300}'..='\u{36f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e01ef}')
}

/// The text on one line: white space collapsed, control characters and direction marks removed.
pub(super) fn clean(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_whitespace() {
            if !line.is_empty() && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if !c.is_control() && !is_invisible(c) {
            line.push(c);
        }
    }
    line.truncate(line.trim_end().len());
    line
}

/// [`clean`], and every character is one that the font can draw.
///
/// The font's middle dot is a Chinese one, as wide as an ideograph: it brings its own spaces.
pub(super) fn drawable(text: &str) -> String {
    clean(text).replace(" · ", "·").chars().map(|c| if has_glyph(c) { c } else { base_letter(c) }).collect()
}

fn base_letter(c: char) -> char {
    u32::from(c)
        .checked_sub(0x100)
        .and_then(|offset| LATIN_EXTENDED_A.chars().nth(usize::try_from(offset).ok()?))
        .unwrap_or(FALLBACK)
}

/// Width of a drawable text in logical pixels at a font size in logical pixels.
///
/// The sum of advances: kerning, which only ever tightens noticeably, is left out, so the text
/// as drawn is not wider but for a fraction of a pixel.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let face = face();
    let units: f64 = text.chars().filter_map(|c| face.glyph_hor_advance(face.glyph_index(c)?)).map(f64::from).sum();
    units * size / f64::from(face.units_per_em())
}

/// [`drawable`], cut with … so that it is at most `limit` logical pixels wide.
///
/// The result is empty where not even the … fits.
pub(super) fn fit(text: &str, size: f64, limit: f64) -> String {
    let text = drawable(text);
    // Longer than any card at any size, so that a megabyte of title costs nothing to measure.
    let mut kept: String = text.chars().take(400).collect();
    if kept.len() == text.len() && width(&kept, size) <= limit {
        return kept;
    }
    while kept.pop().is_some() {
        let head = kept.trim_end();
        let cut = format!("{head}{ELLIPSIS}");
        if width(&cut, size) <= limit {
            return cut;
        }
    }
    String::new()
}

/// The text as XML character data or attribute value.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_of_base_letters_is_complete_and_in_order() {
        assert_eq!(LATIN_EXTENDED_A.chars().count(), 0x80);
        assert_eq!(drawable("Łódź, Kraków, Žižkov, Ağrı, ſ"), "Lódz, Kraków, Zizkov, Agri, s");
        assert_eq!(drawable("Cafe\u{301} Müller"), "Cafe Müller");
    }

    #[test]
    fn what_the_font_lacks_is_visible_and_what_has_no_shape_is_gone() {
        assert_eq!(drawable("a\u{0}b\u{1b}[31m\u{202e}c\r\n\td "), "ab[31mc d");
        assert_eq!(drawable("春节👩\u{200d}🚀大促"), "春节□□大促");
        assert_eq!(drawable("شركة"), "□□□□");
    }

    #[test]
    fn a_cut_text_keeps_its_head_and_fits() {
        assert_eq!(fit("短", 30.0, 100.0), "短");
        assert_eq!(fit("春季会员拉新大促活动", 30.0, 130.0), "春季会…");
        assert_eq!(fit("Spring offer", 20.0, 90.0), "Spring…");
        assert_eq!(fit("anything", 20.0, 1.0), "");
        assert!(fit(&"长".repeat(1_000_000), 10.0, 700.0).ends_with('…'));
    }

    #[test]
    fn an_ideograph_is_as_wide_as_the_font_is_tall() {
        assert!((width("预警", 20.0) - 40.0).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn any_text_becomes_drawable_fits_and_escapes(text in "\\PC{0,60}|.{0,60}", limit in 5.0..500.0f64) {
            let fitted = fit(&text, 20.0, limit);
            prop_assert!(fitted.chars().all(has_glyph));
            prop_assert!(width(&fitted, 20.0) <= limit);
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
        }
    }
}

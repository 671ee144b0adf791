//! The pages behind the links in mails: joining by an invitation (`/join`) and a new password (`/new-password`).
//!
//! Each is one page of the binary that loads nothing from anywhere. Its script takes the token from behind `#`, which no
//! browser sends to a server, asks for what the operation needs, posts it to the API as any client would, and says what
//! became of it, in English or Chinese as the browser wishes. Cast: the parts of the pages lie in
//! `backend/assets/pages/`, [`sheets`] puts them together, the router mounts them. Invariants: a page runs its one script
//! and its one style, known by hash, and reaches this service alone; a page knows no more than the API's own fields.

use crate::platform::http::sheet::{Sheet, hash};
use std::sync::OnceLock;

const STYLE: &str = include_str!("../../../assets/pages/page.css");
const SCRIPT: &str = include_str!("../../../assets/pages/page.js");
/// Each page's name, which the script asks for, and its form.
const PAGES: [(&str, &str); 2] = [
    ("join", include_str!("../../../assets/pages/join.html")),
    ("new-password", include_str!("../../../assets/pages/new-password.html")),
];

/// The pages with their paths, the same for every thread that serves.
pub fn sheets() -> &'static [(String, Sheet)] {
    static SHEETS: OnceLock<Vec<(String, Sheet)>> = OnceLock::new();
    SHEETS.get_or_init(|| {
        let sheet = |(name, form): (&str, &str)| (format!("/{name}"), Sheet::page(page(name, form), policy()));
        PAGES.into_iter().map(sheet).collect()
    })
}

fn policy() -> String {
    format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE)
    )
}

fn page(name: &str, form: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Tillwatch</title>\
         <style>{STYLE}</style></head>\n<body data-page=\"{name}\"><main><p class=\"brand\">Tillwatch</p><div class=\"card\">\
         <noscript><p>This page needs JavaScript.</p><p lang=\"zh-CN\">此页面需要启用 JavaScript。</p></noscript>\n{form}\
         <p class=\"wrong\" id=\"problem\" role=\"alert\"></p>\n\
         <div class=\"done\" id=\"done\" hidden><h1 tabindex=\"-1\"></h1><p data-text=\"next\"></p></div>\
         </div></main>\n<script>{SCRIPT}</script></body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::mails::Letter;
    use tillwatch_shared::permissions::Role;

    #[test]
    fn a_page_loads_nothing_and_its_parts_cannot_end_early() {
        for (name, form) in PAGES {
            let page = page(name, form);
            for loads in ["src=", "url(", "@import", "<link", "http:", "https:", "//cdn"] {
                assert!(!page.contains(loads), "{name} loads something: {loads}");
            }
            assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (1, 1));
            assert_eq!((page.matches("<style").count(), page.matches("</style").count()), (1, 1));
            assert!(!page.contains(" style=") && !page.contains(" onclick="), "{name}");
        }
    }

    #[test]
    fn every_text_of_a_page_is_in_the_script_in_both_languages() {
        let said: Vec<&str> = SCRIPT.lines().collect();
        for (name, form) in PAGES {
            let all = page(name, form);
            for text in all.split("data-text=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let place = said.iter().position(|line| line.trim_start().starts_with(&format!("{text}: [")));
                let place = place.unwrap_or_else(|| panic!("{name}: {text}"));
                let words = said[place..place + 4].concat();
                assert!(words.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{name}: {text}");
            }
        }
    }

    #[test]
    fn the_mails_lead_to_the_pages() {
        let until = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let (retailer, inviter) = ("Harbour Grocers".to_owned(), "Mei Lin".to_owned());
        let invitation = Letter::Invitation { retailer, inviter, role: Role::Viewer, custom_role: None, until };
        let opened = [invitation, Letter::PasswordReset { until }].map(|letter| letter.page().unwrap());
        assert_eq!(opened, PAGES.map(|(name, _)| name));
    }
}

//! The pages behind links: joining by an invitation (`/join`) and a new password (`/new-password`), to which mails lead, and
//! an alert (`/alert`), to which messages of chat robots lead.
//!
//! Each is one page of the binary that loads nothing from anywhere. Its script takes the token or the alert's id from behind
//! `#`, which no browser sends to a server, asks for what the operation needs, posts it to the API as any client would, and
//! says what became of it, in English or Chinese as the browser wishes. A link in a chat carries no right, since everybody
//! in the chat may open it: the alert's page signs its reader in, keeps the session in its script alone and ends it when the
//! page is left. Cast: the parts of the pages lie in
//! `backend/assets/pages/`, [`sheets`] puts them together, the router mounts them. Invariants: a page runs its one script
//! and its one style, known by hash, and reaches this service alone; a page knows no more than the API's own fields; opening
//! one changes nothing.

use crate::platform::http::sheet::{Sheet, hash};
use std::sync::OnceLock;

const STYLE: &str = include_str!("../../../assets/pages/page.css");
/// What every page's script begins with.
const COMMON: &str = include_str!("../../../assets/pages/common.js");
/// The pages behind the links in mails.
const MAILED: &str = include_str!("../../../assets/pages/page.js");
/// The name of an alert's page.
pub const ALERT: &str = "alert";

/// One page.
struct Page {
    /// Its path, and what its script may ask for.
    name: &'static str,
    /// What it shows.
    form: &'static str,
    /// What its script goes on with.
    script: &'static str,
}

const PAGES: [Page; 3] = [
    Page { name: "join", form: include_str!("../../../assets/pages/join.html"), script: MAILED },
    Page { name: "new-password", form: include_str!("../../../assets/pages/new-password.html"), script: MAILED },
    Page {
        name: ALERT,
        form: include_str!("../../../assets/pages/alert.html"),
        script: include_str!("../../../assets/pages/alert.js"),
    },
];

/// The pages with their paths, the same for every thread that serves.
pub fn sheets() -> &'static [(String, Sheet)] {
    static SHEETS: OnceLock<Vec<(String, Sheet)>> = OnceLock::new();
    SHEETS.get_or_init(|| {
        let sheet = |page: Page| (format!("/{}", page.name), Sheet::page(page.html(), page.policy()));
        PAGES.into_iter().map(sheet).collect()
    })
}

impl Page {
    fn whole_script(&self) -> String {
        format!("\"use strict\";\n(() => {{\n{COMMON}{}}})();\n", self.script)
    }

    fn policy(&self) -> String {
        format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            hash(&self.whole_script()),
            hash(STYLE)
        )
    }

    fn html(&self) -> String {
        let (name, form, script) = (self.name, self.form, self.whole_script());
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Tillwatch</title>\
             <style>{STYLE}</style></head>\n<body data-page=\"{name}\"><main><p class=\"brand\">Tillwatch</p>\
             <div class=\"card\"><noscript><p>This page needs JavaScript.</p>\
             <p lang=\"zh-CN\">此页面需要启用 JavaScript。</p></noscript>\n{form}\
             <p class=\"wrong\" id=\"problem\" role=\"alert\"></p>\n\
             <div class=\"done\" id=\"done\" hidden><h1 tabindex=\"-1\"></h1><p data-text=\"next\"></p></div>\
             </div></main>\n<script>{script}</script></body></html>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::mails::Letter;
    use tillwatch_shared::permissions::Role;

    #[test]
    fn a_page_loads_nothing_and_its_parts_cannot_end_early() {
        for one in PAGES {
            let (name, page) = (one.name, one.html());
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
        for page in PAGES {
            let (name, all, script) = (page.name, page.html(), page.whole_script());
            let said: Vec<&str> = script.lines().collect();
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
        assert_eq!(opened, [PAGES[0].name, PAGES[1].name]);
    }
}

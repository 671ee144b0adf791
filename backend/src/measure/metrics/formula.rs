//! Formulas over metrics: `100 * (sales - spend) / spend`.
//!
//! Numbers, keys of metrics, `+ - * /`, brackets and a sign; the usual precedence, from left to right. Pure. Invariants:
//! a text is at most [`LONGEST`] characters, a tree at most [`MOST_NODES`] nodes and [`DEEPEST`] brackets deep, so that no
//! text costs more than its length; only like quantities are added ([`super::unit::Dimension`]); a value is finite or
//! there is none.

use super::unit::Dimension;

/// The longest text, in characters.
pub const LONGEST: usize = 500;
/// The most numbers, keys and signs of a tree.
pub const MOST_NODES: usize = 100;
/// How deep brackets and signs may be in each other.
pub const DEEPEST: usize = 16;

/// What joins two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The sum.
    Plus,
    /// The difference.
    Minus,
    /// The product.
    Times,
    /// The quotient.
    Over,
}

/// A formula as a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A number.
    Number(f64),
    /// The figure of a metric.
    Metric(String),
    /// The part with the other sign.
    Negative(Box<Node>),
    /// Two parts.
    Both(Sign, Box<Node>, Box<Node>),
}

/// Why a text is no formula.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{says} (at character {at})")]
pub struct Fault {
    /// Where, in characters from 1.
    pub at: usize,
    /// What is wrong, and how to mend it.
    pub says: String,
}

/// The keys of metrics in `text`, in order, also repeated.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// Reads `text`.
///
/// # Errors
/// For text that is no formula, or a larger one than is taken.
pub fn parse(text: &str) -> Result<Node, Fault> {
    let characters: Vec<char> = text.chars().take(LONGEST + 1).collect();
    if characters.len() > LONGEST {
        let says = format!("a formula has at most {LONGEST} characters; make a metric of a part of it");
        return Err(Fault { at: LONGEST + 1, says });
    }
    let mut reader = Reader { characters, at: 0, nodes: 0 };
    let tree = reader.sum(0)?;
    match reader.peek() {
        None => Ok(tree),
        Some(')') => Err(reader.fault("this bracket was never opened")),
        Some(_) => Err(reader.fault("an operator (+, -, * or /) is expected here")),
    }
}

struct Reader {
    characters: Vec<char>,
    at: usize,
    nodes: usize,
}

impl Reader {
    /// The next character that is no blank.
    fn peek(&mut self) -> Option<char> {
        while self.characters.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
        self.characters.get(self.at).copied()
    }

    fn fault(&self, says: &str) -> Fault {
        Fault { at: self.at + 1, says: says.to_owned() }
    }

    fn node(&mut self, node: Node) -> Result<Node, Fault> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let says = format!("a formula has at most {MOST_NODES} parts; make a metric of some of them");
            return Err(Fault { at: self.at, says });
        }
        Ok(node)
    }

    fn sum(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut left = self.product(depth)?;
        loop {
            let sign = match self.peek() {
                Some('+') => Sign::Plus,
                Some('-') => Sign::Minus,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.product(depth)?;
            left = self.node(Node::Both(sign, Box::new(left), Box::new(right)))?;
        }
    }

    fn product(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut left = self.part(depth)?;
        loop {
            let sign = match self.peek() {
                Some('*') => Sign::Times,
                Some('/') => Sign::Over,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.part(depth)?;
            left = self.node(Node::Both(sign, Box::new(left), Box::new(right)))?;
        }
    }

    fn part(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > DEEPEST {
            return Err(self.fault("brackets are too deep in each other; make a metric of a part"));
        }
        match self.peek() {
            None => Err(self.fault("a number, a metric or a bracket is missing at the end")),
            Some('-') => {
                self.at += 1;
                let inner = self.part(depth + 1)?;
                self.node(Node::Negative(Box::new(inner)))
            }
            Some('(') => {
                let opened = self.at + 1;
                self.at += 1;
                let inner = self.sum(depth + 1)?;
                if self.peek() != Some(')') {
                    return Err(Fault { at: opened, says: "this bracket is never closed".to_owned() });
                }
                self.at += 1;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() => self.number(),
            Some(c) if c.is_ascii_lowercase() => {
                let key = self.word(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
                self.node(Node::Metric(key))
            }
            Some(c) => Err(self.fault(&format!(
                "`{c}` cannot stand here; a formula has numbers, keys such as `sales`, + - * / and brackets"
            ))),
        }
    }

    fn number(&mut self) -> Result<Node, Fault> {
        let text = self.word(|c| c.is_ascii_digit() || c == '.');
        match text.parse::<f64>().ok().filter(|number| number.is_finite() && !text.ends_with('.')) {
            Some(number) => self.node(Node::Number(number)),
            None => Err(self.fault(&format!("`{text}` is no number; write it as 12.5"))),
        }
    }

    fn word(&mut self, belongs: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.characters.get(self.at).is_some_and(|c| belongs(*c)) {
            self.at += 1;
        }
        self.characters[start..self.at].iter().collect()
    }
}

impl Node {
    /// The dimension of the whole, given that of each metric.
    ///
    /// # Errors
    /// A sentence, where unlike quantities are added.
    pub fn dimension(&self, of: &impl Fn(&str) -> Dimension) -> Result<Dimension, String> {
        match self {
            Self::Number(_) => Ok(Dimension::PURE),
            Self::Metric(key) => Ok(of(key)),
            Self::Negative(part) => part.dimension(of),
            Self::Both(sign, left, right) => {
                let (left, right) = (left.dimension(of)?, right.dimension(of)?);
                match sign {
                    Sign::Times => Ok(left.times(right)),
                    Sign::Over => Ok(left.over(right)),
                    Sign::Plus | Sign::Minus if left == right => Ok(left),
                    Sign::Plus | Sign::Minus => Err(format!(
                        "{} and {} cannot be added or taken away from each other",
                        left.told(),
                        right.told()
                    )),
                }
            }
        }
    }

    /// The value, given that of each metric; `None` when one has none, and for a division by zero.
    pub fn value(&self, of: &impl Fn(&str) -> Option<f64>) -> Option<f64> {
        let value = match self {
            Self::Number(number) => *number,
            Self::Metric(key) => of(key)?,
            Self::Negative(part) => -part.value(of)?,
            Self::Both(sign, left, right) => {
                let (left, right) = (left.value(of)?, right.value(of)?);
                match sign {
                    Sign::Plus => left + right,
                    Sign::Minus => left - right,
                    Sign::Times => left * right,
                    Sign::Over => left / right,
                }
            }
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::unit::Unit;
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Option<f64> {
        parse(text).unwrap().value(&|key| match key {
            "sales" => Some(300.0),
            "spend" => Some(100.0),
            "zero" => Some(0.0),
            _ => None,
        })
    }

    fn fault(text: &str) -> Fault {
        parse(text).unwrap_err()
    }

    #[test]
    fn a_formula_is_read_as_people_write_it() {
        assert_eq!(value("100 * (sales - spend) / spend"), Some(200.0));
        assert_eq!(value("1 - 2 - 3"), Some(-4.0));
        assert_eq!(value("8 / 4 / 2"), Some(1.0));
        assert_eq!(value(" 2+3*4 "), Some(14.0));
        assert_eq!(value("-(spend)*-2"), Some(200.0));
        assert_eq!(value("sales/zero"), None, "no figure, not an infinite one");
        assert_eq!(value("sales + unheard"), None);
        assert_eq!(names("100 * (sales - spend) / spend_2").collect::<Vec<_>>(), ["sales", "spend", "spend_2"]);
    }

    #[test]
    fn what_is_no_formula_is_told_with_its_place() {
        for (text, at, says) in [
            ("", 1, "missing at the end"),
            ("sales +", 8, "missing at the end"),
            ("sales spend", 7, "operator"),
            ("(sales", 1, "never closed"),
            ("sales)", 6, "never opened"),
            ("sales ^ 2", 7, "operator"),
            ("销售额 / 2", 1, "`销`"),
            ("1.2.3 * sales", 6, "no number"),
            ("5. * sales", 3, "no number"),
            ("sales; drop", 6, "operator"),
        ] {
            let fault = fault(text);
            assert_eq!(fault.at, at, "{text}: {fault}");
            assert!(fault.says.contains(says), "{text}: {fault}");
        }
    }

    #[test]
    fn a_formula_has_bounds() {
        assert!(fault(&"(".repeat(400)).says.contains("too deep"));
        assert!(fault(&"-".repeat(400)).says.contains("too deep"));
        assert!(fault(&"1+".repeat(120)).says.contains("at most 100 parts"));
        assert_eq!(fault(&"销".repeat(2000)).at, LONGEST + 1);
        assert!(parse(&format!("{}1{}", "(".repeat(DEEPEST), ")".repeat(DEEPEST))).is_ok());
    }

    #[test]
    fn only_like_is_added_to_like() {
        let dimension = |text: &str| {
            parse(text).unwrap().dimension(&|key| match key {
                "sales" | "spend" => Unit::Money.dimension(),
                "ctr" => Unit::Percent.dimension(),
                _ => Unit::Count("次").dimension(),
            })
        };
        assert_eq!(dimension("100 * (sales - spend) / spend"), Ok(Dimension::PURE));
        assert_eq!(dimension("spend / clicks").unwrap().told(), "money / count");
        assert_eq!(dimension("-clicks + views").unwrap().told(), "count");
        assert_eq!(
            dimension("sales - clicks").unwrap_err(),
            "money and count cannot be added or taken away from each other"
        );
        assert!(dimension("sales + 100").is_err() && dimension("ctr + sales / spend").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z0-9_+*/(). -]{0,60}") {
            if let Ok(tree) = parse(&text) {
                let _ = tree.value(&|_| Some(1.5));
                let _ = tree.dimension(&|_| Dimension::PURE);
            }
        }
    }
}

//! Finding room for a label: the candidate place that hides least of what is drawn.

/// An upright rectangle in logical pixels, y growing downward.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    /// Left edge.
    pub(super) x: f64,
    /// Upper edge.
    pub(super) y: f64,
    /// Width.
    pub(super) w: f64,
    /// Height.
    pub(super) h: f64,
}

impl Rect {
    fn contains(&self, (x, y): (f64, f64)) -> bool {
        x >= self.x && x <= self.x + self.w && y >= self.y && y <= self.y + self.h
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }

    /// Moved, not resized, into `frame`; where it is larger, its left upper corner is inside.
    pub(super) fn within(mut self, frame: &Self) -> Self {
        self.x = self.x.min(frame.x + frame.w - self.w).max(frame.x);
        self.y = self.y.min(frame.y + frame.h - self.h).max(frame.y);
        self
    }
}

/// What labels should not cover.
#[derive(Debug, Default)]
pub(super) struct Obstacles {
    points: Vec<(f64, f64)>,
    labels: Vec<Rect>,
}

impl Obstacles {
    /// Adds a line through the points, walked in small steps.
    pub(super) fn add_line(&mut self, line: &[(f64, f64)]) {
        self.points.extend(line);
        for pair in line.windows(2) {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            let length = (x2 - x1).hypot(y2 - y1);
            let mut walked = 4.0;
            while walked < length {
                let share = walked / length;
                self.points.push((x1 + (x2 - x1) * share, y1 + (y2 - y1) * share));
                walked += 4.0;
            }
        }
    }

    /// Adds a label that is already placed.
    pub(super) fn add_label(&mut self, label: Rect) {
        self.labels.push(label);
    }

    /// The candidate that covers least, moved into the frame; on a tie the earlier one.
    pub(super) fn best(&self, candidates: &[Rect], frame: &Rect) -> Option<Rect> {
        candidates
            .iter()
            .map(|candidate| candidate.within(frame))
            .map(|candidate| (self.cost(&candidate), candidate))
            .min_by_key(|(cost, _)| *cost)
            .map(|(_, candidate)| candidate)
    }

    fn cost(&self, rect: &Rect) -> usize {
        let covered = self.points.iter().filter(|point| rect.contains(**point)).count();
        let overlapped = self.labels.iter().filter(|label| rect.overlaps(label)).count();
        covered + overlapped * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { x: 0.0, y: 0.0, w: 100.0, h: 100.0 };

    fn rect(x: f64, y: f64) -> Rect {
        Rect { x, y, w: 20.0, h: 10.0 }
    }

    #[test]
    fn the_free_place_wins_and_stays_in_the_frame() {
        let mut obstacles = Obstacles::default();
        obstacles.add_line(&[(0.0, 5.0), (100.0, 5.0)]);
        obstacles.add_label(rect(40.0, 40.0));
        let places = [rect(40.0, 0.0), rect(45.0, 45.0), rect(95.0, 95.0)];
        assert_eq!(obstacles.best(&places, &FRAME), Some(rect(80.0, 90.0)));
        assert_eq!(obstacles.best(&[], &FRAME), None);
    }
}

//! Where an axis has its marks, and what stands at them.

/// A scale from numbers to places between `from` and `to`.
pub(super) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    is_log: bool,
}

/// The next of 1, 2, 5, 10, 20, … at or above `value`.
fn round_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * decade);
    // A value that is a step itself may stand a little above it.
    let found = steps.iter().find(|step| **step >= value * 0.999_999);
    found.copied().unwrap_or(10.0 * decade)
}

impl Scale {
    /// A scale that holds all `values`: from nothing, or from the step below the least on a logarithmic one.
    pub(super) fn of(values: &[f64], is_log: bool, from: f64, to: f64) -> Self {
        let least = values.iter().copied().fold(f64::MAX, f64::min);
        let most = values.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let (low, high) = if is_log {
            let low = 1.0 / round_up(1.0 / least.max(f64::MIN_POSITIVE));
            (low, round_up(most).max(low * 2.0))
        } else {
            let step = round_up(most / 6.0);
            (0.0, (most / step).ceil() * step)
        };
        Self {
            low,
            high,
            from,
            to,
            is_log,
        }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let part = if self.is_log {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + part * (self.to - self.from)
    }

    /// The marks, not more than fit.
    pub(super) fn marks(&self) -> Vec<f64> {
        if !self.is_log {
            let step = round_up(self.high / 6.0);
            let count = (self.high / step).round() as u32;
            return (0..=count).map(|number| step * f64::from(number)).collect();
        }
        let decades = (self.high / self.low).log10();
        let steps: &[f64] = if decades > 3.5 {
            &[1.0]
        } else {
            &[1.0, 2.0, 5.0]
        };
        let first = self.low.log10().floor() as i32;
        let last = self.high.log10().ceil() as i32;
        let marks = (first..=last).flat_map(|power| {
            let decade = 10_f64.powi(power);
            steps.iter().map(move |step| step * decade)
        });
        let is_within =
            |mark: &f64| *mark >= self.low * 0.999_999 && *mark <= self.high * 1.000_001;
        marks.filter(is_within).collect()
    }
}

/// A number as a mark has it: with commas between thousands, and no more decimals than it needs.
pub(super) fn written(value: f64) -> String {
    if value < 10.0 && (value - value.round()).abs() > 1e-9 {
        let text = format!("{value:.3}");
        return text.trim_end_matches('0').to_owned();
    }
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_hold_all_values_and_are_round() {
        let linear = Scale::of(&[3.0, 453.0], false, 0.0, 100.0);
        assert_eq!(linear.marks(), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        assert!((linear.place(250.0) - 50.0).abs() < 1e-9);
        let log = Scale::of(&[8.0, 1392.0], true, 100.0, 0.0);
        assert_eq!(
            log.marks(),
            [5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0]
        );
        assert!((log.place(5.0) - 100.0).abs() < 1e-9 && log.place(2000.0).abs() < 1e-9);
        // One value alone has a scale, too.
        assert!(Scale::of(&[5.0], true, 0.0, 1.0).place(5.0).is_finite());
    }

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(written(1_000_000.0), "1,000,000");
        assert_eq!(written(200.0), "200");
        assert_eq!((written(0.5), written(0.05)), ("0.5".into(), "0.05".into()));
        assert_eq!((written(2.0), written(0.0)), ("2".into(), "0".into()));
    }
}

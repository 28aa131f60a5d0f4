//! How an adapter learned: the loss after each step, and what was kept back whenever it was tried.

/// The width of the drawing, and its height, without the room for its words.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 200.0;
/// The most points of a line; of longer runs, neighbours are averaged.
const MOST_POINTS: usize = 280;

/// Where everything of the drawing stands, the origin above left.
pub(crate) struct Losses {
    /// The line of what was learned from.
    pub learned: String,
    /// The line of what was kept back.
    pub tried: String,
    /// Its trials.
    pub dots: Vec<LossDot>,
    /// The heights that the axis names, from above, each with its loss.
    pub levels: Vec<(String, String)>,
    /// The last step.
    pub steps: u32,
}

/// What was kept back, tried once.
pub(crate) struct LossDot {
    pub x: String,
    pub y: String,
    pub step: u32,
    pub loss: String,
}

/// Returns the drawing of steps and trials (step, loss); `None` where there is no loss that is a number.
pub(crate) fn losses(learned: &[(u32, f64)], trials: &[(u32, f64)]) -> Option<Losses> {
    let finite = |points: &[(u32, f64)]| points.iter().copied().filter(|(_, loss)| loss.is_finite()).collect::<Vec<_>>();
    let (learned, trials) = (averaged(&finite(learned)), finite(trials));
    let all = || learned.iter().map(|(_, loss)| *loss).chain(trials.iter().map(|(_, loss)| *loss));
    let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if least > most {
        return None;
    }
    let room = if most > least { most - least } else { 1.0 };
    let last = learned.iter().map(|(step, _)| *step).chain(trials.iter().map(|(step, _)| f64::from(*step))).fold(1.0, f64::max);
    let (x, y) = (|step: f64| format!("{:.1}", WIDTH * step / last), |loss: f64| format!("{:.1}", HEIGHT * (most - loss) / room));
    let line = |points: &mut dyn Iterator<Item = (f64, f64)>| {
        points.map(|(step, loss)| format!("{},{}", x(step), y(loss))).collect::<Vec<_>>().join(" ")
    };
    let dot = |(step, loss): &(u32, f64)| LossDot { x: x(f64::from(*step)), y: y(*loss), step: *step, loss: format!("{loss:.3}") };
    let level = |share: f64| {
        let loss = most - room * share;
        (y(loss), format!("{loss:.2}"))
    };
    Some(Losses {
        learned: line(&mut learned.iter().copied()),
        tried: line(&mut trials.iter().map(|(step, loss)| (f64::from(*step), *loss))),
        dots: trials.iter().map(dot).collect(),
        levels: [0.0, 0.5, 1.0].map(level).to_vec(),
        steps: last.round() as u32,
    })
}

/// Returns steps with their losses; of many, the means of neighbours.
fn averaged(points: &[(u32, f64)]) -> Vec<(f64, f64)> {
    let some = points.len().div_ceil(MOST_POINTS).max(1);
    let mean = |points: &[(u32, f64)]| {
        let count = points.len() as f64;
        let [steps, losses] = points.iter().fold([0.0, 0.0], |[steps, losses], (step, loss)| [steps + f64::from(*step), losses + loss]);
        (steps / count, losses / count)
    };
    points.chunks(some).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_holds_every_run() {
        let steps: Vec<(u32, f64)> = (1..=1000).map(|step| (step, 3.0 - f64::from(step) / 500.0)).collect();
        let drawing = losses(&steps, &[(0, 3.0), (500, 2.1), (1000, 1.0)]).unwrap();
        assert_eq!(drawing.learned.split(' ').count(), 250);
        let inside = |number: &str| number.parse::<f64>().is_ok_and(|number| (0.0..=WIDTH).contains(&number));
        assert!(drawing.learned.split([' ', ',']).all(inside), "{}", drawing.learned);
        assert_eq!(drawing.tried, "0.0,0.0 280.0,90.0 560.0,200.0");
        assert_eq!(drawing.levels, [("0.0".into(), "3.00".into()), ("100.0".into(), "2.00".into()), ("200.0".into(), "1.00".into())]);
        assert_eq!((drawing.steps, drawing.dots[1].step, drawing.dots[1].loss.as_str()), (1000, 500, "2.100"));
    }

    #[test]
    fn what_is_no_number_is_left_out() {
        assert!(losses(&[], &[]).is_none() && losses(&[(1, f64::NAN)], &[(0, f64::INFINITY)]).is_none());
        let flat = losses(&[(1, f64::NAN), (2, 1.5)], &[(0, 1.5)]).unwrap();
        assert_eq!((flat.learned.as_str(), flat.tried.as_str(), flat.steps), ("560.0,0.0", "0.0,0.0", 2));
    }
}

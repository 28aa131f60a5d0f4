//! Every level that this machine has against sums in f64 and against plain Rust, on odd shapes; and that a row is
//! computed by itself.
use crate::tiny::numbers;
use proptest::prelude::*;
use winback_lm::kernels::{
    Inputs, Level, Linear, Numerics, Output, Packed, Precision, Rope, Scratch, Stretch, Taken, product, products, rms_norm, rms_norm_into,
    silu_mul,
};
use winback_lm::tensor::{Numbers, Tensor};

const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::Bf16, Precision::Int8];

/// Returns the product of rows with a weight, both as they were drawn, at a level.
fn multiplied(level: Level, weight: &Packed, x: &[f32]) -> Vec<f32> {
    let inputs = Inputs::new(x, weight.inputs(), weight.precision());
    let mut table = vec![0.0; inputs.rows() * weight.outputs()];
    product(level, weight, &inputs, 0..inputs.rows(), Output { table: &mut table, stride: weight.outputs(), add: None });
    table
}

fn packed(outputs: usize, inputs: usize, precision: Precision, drawn: &[f32]) -> Packed {
    Packed::new(outputs, inputs, precision, |output, row| row.copy_from_slice(&drawn[output * inputs..(output + 1) * inputs]))
}

/// Returns how far a sum may be from the true one, for products of this size altogether and numbers of this size.
fn tolerance(precision: Precision, size: f64, largest: [f64; 2], count: usize) -> f64 {
    match precision {
        Precision::F32 => 1e-6 * size + 1e-6,
        // Both factors are rounded to 8 binary digits.
        Precision::Bf16 => size / 128.0 + 1e-6,
        // Both are rounded to whole numbers of 127 steps.
        Precision::Int8 => largest[0] * largest[1] * count as f64 / 120.0 + 1e-6,
    }
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn largest(numbers: &[f32]) -> f64 {
    numbers.iter().fold(0.0, |most, number| f64::from(number.abs()).max(most))
}

#[test]
fn a_product_that_is_rounded_as_it_is_written_is_the_table_rounded_afterwards() {
    for (level, precision) in Level::here().flat_map(|level| [Precision::F32, Precision::Bf16].map(|precision| (level, precision))) {
        // What stood in the rows before, more of it and in another precision, is seen nowhere.
        let mut own = Inputs::new(&numbers(50 * 99, 9, 1.0), 99, Precision::F32);
        for (rows, inputs, outputs) in [(1, 5, 3), (14, 64, 70), (40, 33, 96), (0, 8, 8)] {
            let (x, drawn) = (numbers(rows * inputs, 1, 1.0), numbers(outputs * inputs, 2, 1.0));
            let tensor = |rows, columns, numbers| Tensor::new(rows, columns, Numbers::F32(numbers)).unwrap();
            let linear = Linear::pack(Numerics { level, precision }, &[&tensor(outputs, inputs, drawn)]);
            let x = Inputs::new(&x, inputs, precision);
            let mut table = vec![0.0; rows * outputs];
            linear.apply_to(&x, 0..rows, Output { table: &mut table, stride: outputs, add: None });
            let mut expected = Inputs::default();
            expected.fill(level, &table, outputs, precision);
            products(vec![linear.job_into(&x, 0..rows, (&mut own, precision), Vec::new())]);
            let mut written = Inputs::default();
            written
                .fill_rows(level, (rows, outputs), precision, |row, out| out.copy_from_slice(&table[row * outputs..(row + 1) * outputs]));
            let next = Linear::pack(Numerics { level, precision }, &[&tensor(7, outputs, numbers(7 * outputs, 3, 1.0))]);
            let after = |inputs: &Inputs| {
                let (mut all, mut sums) = (Vec::new(), vec![0.0; rows * 7]);
                inputs.read_all(level, &mut all);
                next.apply_to(inputs, 0..rows, Output { table: &mut sums, stride: 7, add: None });
                (bits(&all), bits(&sums))
            };
            assert_eq!(after(&own), after(&expected), "{level} {precision:?} {rows} {inputs} {outputs}");
            assert_eq!(after(&written), after(&expected), "{level} {precision:?} {rows} {inputs} {outputs}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_matrix_times_rows_is_right_on_odd_shapes((rows, outputs, inputs) in (0..30_usize, 1..80_usize, 1..150_usize), seed in any::<u64>()) {
        let (x, drawn) = (numbers(rows * inputs, seed ^ 1, 1.0), numbers(outputs * inputs, seed, 1.0));
        for precision in PRECISIONS {
            let weight = packed(outputs, inputs, precision, &drawn);
            let plain = multiplied(Level::Plain, &weight, &x);
            for (row, out) in x.chunks_exact(inputs).zip(plain.chunks_exact(outputs)) {
                for (weights, out) in drawn.chunks_exact(inputs).zip(out) {
                    let products: Vec<f64> = weights.iter().zip(row).map(|(a, b)| f64::from(*a) * f64::from(*b)).collect();
                    let size: f64 = products.iter().map(|product| product.abs()).sum();
                    let allowed = tolerance(precision, size, [largest(weights), largest(row)], inputs);
                    prop_assert!((products.iter().sum::<f64>() - f64::from(*out)).abs() <= allowed, "{:?}", precision);
                }
            }
            for level in Level::here() {
                let out = multiplied(level, &weight, &x);
                if precision == Precision::Int8 {
                    prop_assert_eq!(bits(&out), bits(&plain), "{}", level);
                }
                for (out, plain) in out.iter().zip(&plain) {
                    prop_assert!((out - plain).abs() <= 1e-5 * inputs as f32 * largest(&x).max(1.0) as f32, "{}: {} {}", level, out, plain);
                }
                // A row by itself, and with one thread.
                let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
                for (row, out) in x.chunks_exact(inputs).zip(out.chunks_exact(outputs)) {
                    prop_assert_eq!(bits(&multiplied(level, &weight, row)), bits(out));
                    prop_assert_eq!(bits(&pool.install(|| multiplied(level, &weight, row))), bits(out));
                }
            }
        }
    }

    #[test]
    fn results_are_added_where_they_belong(seed in any::<u64>(), outputs in 1..40_usize, add in -2.0..2.0_f32) {
        let (x, drawn) = (numbers(3 * 8, seed, 1.0), numbers(outputs * 8, seed ^ 1, 1.0));
        let weight = packed(outputs, 8, Precision::F32, &drawn);
        let own = multiplied(Level::best(), &weight, &x);
        let (stride, before) = (outputs + 5, numbers(2 * (outputs + 5), seed ^ 2, 1.0));
        let mut table = before.clone();
        let inputs = Inputs::new(&x, 8, Precision::F32);
        product(Level::best(), &weight, &inputs, 1..3, Output { table: &mut table, stride, add: Some(add) });
        for (at, (now, before)) in table.iter().zip(&before).enumerate() {
            let (row, column) = (at / stride, at % stride);
            let more = if column < outputs { add * own[(row + 1) * outputs + column] } else { 0.0 };
            prop_assert!((now - before - more).abs() < 1e-5);
        }
    }

    #[test]
    fn more_is_added_where_it_belongs(
        (rows, outputs, inputs) in (1..40_usize, 1..120_usize, 1..60_usize), (from, to) in (0..40_usize, 0..40_usize), first in 0..120_usize, seed in any::<u64>()
    ) {
        let numbers = |count: usize, salt: u64| numbers(count, seed ^ salt, 1.0);
        let (from, to, first) = (from.min(rows), to.min(rows), first % outputs);
        let (some, more_outputs, rank) = (from.min(to)..from.max(to), 1 + seed as usize % (outputs - first), 1 + rows % 7);
        for precision in PRECISIONS {
            let (x, y) = (numbers(rows * inputs, 1), numbers(some.len() * rank, 2));
            let pack = |level| {
                let linear = |outputs: usize, inputs: usize, salt, precision| {
                    let weight = Tensor::new(outputs, inputs, Numbers::F32(numbers(outputs * inputs, salt))).unwrap();
                    Linear::pack(Numerics { level, precision }, &[&weight])
                };
                (linear(outputs, inputs, 3, precision), linear(more_outputs, rank, 4, Precision::F32))
            };
            let (weight, more) = pack(Level::Plain);
            let (base, added) = (weight.apply(&x), more.apply(&y));
            let expected = |row: usize, column: usize| {
                let there = some.contains(&row) && (first..first + more_outputs).contains(&column);
                base[row * outputs + column] + if there { 0.5 * added[(row - some.start) * more_outputs + column - first] } else { 0.0 }
            };
            for level in Level::here() {
                let (weight, more) = pack(level);
                let (mut of_x, mut of_y) = (Inputs::default(), Inputs::default());
                weight.take(&x, &mut of_x);
                more.take(&y, &mut of_y);
                let mut table = vec![7.0; rows * outputs];
                let out = Output { table: &mut table, stride: outputs, add: None };
                products(vec![weight.job(&of_x, 0..rows, out, vec![more.added(&of_y, some.clone(), (first, 0.5))])]);
                for (at, number) in table.iter().enumerate() {
                    let expected = expected(at / outputs, at % outputs);
                    prop_assert!((number - expected).abs() < 1e-4, "{level} {precision:?} {at}: {number} and not {expected}");
                }
            }
        }
    }

    #[test]
    fn attention_is_the_mean_of_values_by_likeness(
        (dim, length, rows) in (1..40_usize, prop_oneof![1..90_usize, 200..400_usize], 1..20_usize), cut in 0..300_usize, seed in any::<u64>()
    ) {
        let [queries, keys, values] = [rows, length, length].map(|count| count * dim).map(|count| numbers(count, seed ^ count as u64, 1.0));
        let sees: Vec<usize> = (0..rows).map(|row| 1 + (row * 7 + rows) % length).collect();
        let cut = cut.min(length);
        for (precision, allowed) in [(Precision::F32, 1e-5), (Precision::Bf16, 0.05)] {
            for level in Level::here() {
                let (mut first, mut second) = (Stretch::new(dim, cut, precision), Stretch::new(dim, 0, precision));
                for (at, (key, value)) in keys.chunks_exact(dim).zip(values.chunks_exact(dim)).enumerate() {
                    if at < cut { first.push(key, value) } else { second.push(key, value) }
                }
                let (mut taken, mut scratch) = (Taken::nothing(rows, dim), Scratch::default());
                let of_first: Vec<usize> = sees.iter().map(|sees| *sees.min(&cut)).collect();
                let of_second: Vec<usize> = sees.iter().map(|sees| sees.saturating_sub(cut)).collect();
                first.attend(level, (&queries, &of_first), &mut taken, &mut scratch);
                second.attend(level, (&queries, &of_second), &mut taken, &mut scratch);
                let mut means = vec![7.0; rows * dim];
                taken.means_into(0..rows, &mut means);
                for ((query, sees), out) in queries.chunks_exact(dim).zip(&sees).zip(means.chunks_exact(dim)) {
                    let like = |key: &[f32]| (key.iter().zip(query).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / (dim as f64).sqrt()).exp();
                    let weights: Vec<f64> = keys.chunks_exact(dim).take(*sees).map(like).collect();
                    for (i, out) in out.iter().enumerate() {
                        let sum: f64 = weights.iter().zip(values.chunks_exact(dim)).map(|(weight, value)| weight * f64::from(value[i])).sum();
                        let off = (sum / weights.iter().sum::<f64>() - f64::from(*out)).abs();
                        prop_assert!(off < allowed, "{:?} {}: off by {}", precision, level, off);
                    }
                }
            }
        }
    }

    #[test]
    fn turning_keeps_lengths_and_tells_only_distances(seed in any::<u64>(), (a, b, shift) in (0..500_usize, 0..500_usize, 0..500_usize)) {
        let turned = |position: usize, seed: u64| {
            let mut head = numbers(8, seed, 1.0);
            Rope::new(8, 10_000.0, &[position]).apply(Level::best(), 0, &mut head);
            head
        };
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        let here = dot(&turned(a, seed), &turned(b, seed ^ 9));
        let there = dot(&turned(a + shift, seed), &turned(b + shift, seed ^ 9));
        prop_assert!((here - there).abs() < 2e-3, "{} {}", here, there);
        let still = numbers(8, seed, 1.0);
        prop_assert!((dot(&turned(a, seed), &turned(a, seed)) - dot(&still, &still)).abs() < 1e-4);
    }

    #[test]
    fn gates_are_those_of_their_paper(seed in any::<u64>(), width in 1..50_usize) {
        let rows = numbers(2 * 2 * width, seed, 20.0);
        for level in Level::here() {
            let (mut out, mut plain) = (Vec::new(), Vec::new());
            silu_mul(level, &rows, width, &mut out);
            silu_mul(Level::Plain, &rows, width, &mut plain);
            prop_assert_eq!(bits(&out), bits(&plain));
            for (row, out) in rows.chunks_exact(2 * width).zip(out.chunks_exact(width)) {
                for ((gate, up), out) in row[..width].iter().zip(&row[width..]).zip(out) {
                    let (gate, up) = (f64::from(*gate), f64::from(*up));
                    let exact = gate / (1.0 + (-gate).exp()) * up;
                    prop_assert!((exact - f64::from(*out)).abs() <= 1e-6 * exact.abs() + 1e-6);
                }
            }
        }
    }
}

#[test]
fn norms_are_those_of_their_paper() {
    let (rows, weight) = ([3.0, 4.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 1.0]);
    for level in Level::here() {
        let (mut here, mut there) = (rows, vec![9.0]);
        rms_norm(level, &mut here, &weight, 0.0);
        rms_norm_into(level, &rows, (&weight, 0.0), &mut there);
        assert_eq!(here.map(|number| (number * 1000.0).round()), [1200.0, 3200.0, 0.0, 0.0, 1000.0, 2000.0, 1000.0, 1000.0]);
        assert_eq!(bits(&here), bits(&there));
    }
}

#[test]
fn a_level_is_forced_by_its_name() {
    for level in Level::here() {
        assert_eq!(level.name().parse(), Ok(level));
    }
    for level in Level::ALL.into_iter().filter(|level| !level.is_here()) {
        let error = level.name().parse::<Level>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("this machine has no kernels of the level \"{level}\"; it has plain")), "{error}");
        eprintln!("skipped: this machine has no {level}");
    }
    assert_eq!("auto".parse(), Ok(Level::best()));
    let error = "cuda".parse::<Level>().unwrap_err().to_string();
    assert!(error.starts_with("this machine has no kernels of the level \"cuda\"; it has plain"), "{error}");
    assert_eq!(Numerics::PLAIN.at_least_bf16(), Numerics::PLAIN);
}

/// What threads share: panels are parted from some work on, and rows from some bytes on.
#[test]
fn a_product_that_is_parted_is_the_one_that_is_not() {
    for (rows, outputs, inputs) in [(40, 1_100, 700), (3_000, 96, 160)] {
        let (x, drawn) = (numbers(rows * inputs, 1, 1.0), numbers(outputs * inputs, 2, 1.0));
        for precision in PRECISIONS {
            let weight = packed(outputs, inputs, precision, &drawn);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
            let parted = pool.install(|| multiplied(Level::best(), &weight, &x));
            for (row, out) in x.chunks_exact(inputs).zip(parted.chunks_exact(outputs)) {
                assert_eq!(bits(&multiplied(Level::best(), &weight, row)), bits(out), "{precision:?} {rows} rows");
            }
        }
    }
}

#[test]
fn a_table_too_small_is_refused_however_long_its_rows_are() {
    let (weight, inputs) = (packed(3, 4, Precision::F32, &[1.0; 12]), Inputs::new(&[1.0; 8], 4, Precision::F32));
    for stride in [3, 1 << 63, usize::MAX] {
        let too_small = std::panic::catch_unwind(|| {
            product(Level::best(), &weight, &inputs, 0..2, Output { table: &mut [], stride, add: None });
        });
        assert!(too_small.is_err(), "{stride}");
    }
}

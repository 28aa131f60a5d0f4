//! `winback segments cluster`
use crate::cli::segments::table::{self, Table};
use crate::cli::{Language, Place};
use crate::exit::{Exit, OrExit};
use crate::report;
use serde_json::json;
use std::path::PathBuf;
use std::process::ExitCode;
use winback_connectors::export::{ExportCell, write_table};
use winback_core::locale::Locale;
use winback_learn::cluster::points::Note;
use winback_learn::cluster::{ClusterOptions, Clustering, Method, Tried, cluster};

/// Divide the customers of a table into groups that the data show, and tell what each group is
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The table
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// What its columns are [default: guessed from the file]
    #[arg(long, value_name = "FILE")]
    pub schema: Option<PathBuf>,
    /// kmeans: nearest centre; mixture: likeliest of several normal distributions
    #[arg(long, value_parser = parse_method, default_value = "kmeans")]
    pub method: Method,
    /// How many groups [default: by silhouette for kmeans, by BIC for mixture, from 2 to 10]
    #[arg(long)]
    pub k: Option<usize>,
    /// Decides on all that is drawn; the same seed gives the same groups
    #[arg(long, default_value_t = 20_260_101)]
    pub seed: u64,
    /// How many resampled tables tell whether the groups are stable
    #[arg(long, default_value_t = 20)]
    pub bootstraps: usize,
    /// The language of the cards
    #[arg(long, value_enum, default_value = "en")]
    pub lang: Language,
    /// Write each customer's group into this CSV file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn parse_method(text: &str) -> Result<Method, String> {
    match text {
        "kmeans" => Ok(Method::KMeans),
        "mixture" => Ok(Method::Mixture),
        _ => Err("expected kmeans or mixture".to_owned()),
    }
}

/// Divides and tells.
pub fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let table = table::read(&args.data, args.schema.as_ref(), |_| Ok(()))?;
    let options = ClusterOptions { method: args.method, k: args.k, seed: args.seed, bootstraps: args.bootstraps };
    let hint = "winback import --infer shows which columns can be used; --k asks for another number of groups";
    let found = cluster(&table.features, &options).or_hint(Exit::BadInput, hint)?;
    if let Some(out) = &args.out {
        let rows = table.customers.iter().zip(&found.cluster_of);
        let rows = rows
            .map(|(customer, cluster)| vec![ExportCell::Code(customer.id.as_str().into()), ExportCell::Integer(i64::from(*cluster) + 1)]);
        write_table(out, &["customer_id", "cluster"], rows).or_exit(Exit::Storage)?;
    }
    let locale: Locale = args.lang.into();
    let cards: Vec<Vec<String>> = found.cards.iter().map(|card| card.lines(&table.features, &table.schema, locale)).collect();
    report::print(at.json, &json!({ "clustering": found, "cards": cards }), || text(&table, &found, &cards))?;
    Ok(ExitCode::SUCCESS)
}

fn text(table: &Table, found: &Clustering, cards: &[Vec<String>]) -> String {
    let (method, by) = match found.method {
        Method::KMeans => ("k-means", "greatest silhouette"),
        Method::Mixture => ("a mixture of normal distributions", "least BIC"),
    };
    let mut text = format!("{} customers in {} clusters by {method}", report::count(table.customers.len() as u64), found.k);
    text.push_str(&if found.tried.len() > 1 { format!(" ({by} of those tried).\n") } else { " (the number asked for).\n".to_owned() });
    let rows = found.tried.iter().map(|one| vec![one.k.to_string(), format!("{:.3}", one.silhouette), format!("{:.0}", one.bic)]);
    text.push_str(&format!("\n{}\n", report::table(&["clusters", "silhouette", "BIC of the mixture"], rows)));
    if found.tried.len() > 1 && best(found) == found.tried.last().map(|one| one.k) {
        text.push_str(
            "\nThe best is the most that was tried: more may fit better yet, which speaks against clear groups; --k asks for a number.\n",
        );
    }
    let stable = &found.stability;
    text.push_str(&format!(
        "\nStability: adjusted Rand index {:.2} on average over {} bootstraps, {:.2} at least (1 is the same, 0 is chance).\n{}\nThe other \
         method with as many clusters: {:.2}.\n",
        stable.mean,
        stable.bootstraps,
        stable.least,
        verdict(stable.mean),
        found.agreement
    ));
    for card in cards {
        let mut lines = card.iter();
        text.push_str(&format!("\n{}\n", lines.next().map_or("", String::as_str)));
        lines.for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    let notes = found.notes.iter().map(|note: &Note| format!("  {}\n", note.text()));
    text.push_str(&format!("\nWhat was done to the columns (each counts alike):\n{}", notes.collect::<String>()));
    text
}

/// Returns the number of clusters that was best by the method's own measure.
fn best(found: &Clustering) -> Option<usize> {
    let better = |a: &&Tried, b: &&Tried| match found.method {
        Method::KMeans => a.silhouette.total_cmp(&b.silhouette),
        Method::Mixture => b.bic.total_cmp(&a.bic),
    };
    found.tried.iter().max_by(better).map(|one| one.k)
}

/// Returns what a stability means for whoever wants to use the clusters.
fn verdict(mean: f64) -> &'static str {
    match mean {
        0.8.. => "Other customers of the same kind would give much the same clusters.",
        0.6.. => "Other customers of the same kind would give roughly the same clusters; the borders are soft.",
        _ => "Other customers of the same kind would give other clusters: do not build segments on them.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use winback_learn::cluster::Stability;

    #[test]
    fn the_best_number_is_by_the_methods_own_measure() {
        let tried = [(2, 0.3, 50.0), (3, 0.2, 40.0), (4, 0.1, 45.0)].map(|(k, silhouette, bic)| Tried { k, silhouette, bic });
        let found = |method| Clustering {
            method,
            k: 2,
            tried: tried.to_vec(),
            stability: Stability { mean: 1.0, least: 1.0, bootstraps: 1 },
            agreement: 1.0,
            cards: Vec::new(),
            notes: Vec::new(),
            cluster_of: Vec::new(),
        };
        assert_eq!((best(&found(Method::KMeans)), best(&found(Method::Mixture))), (Some(2), Some(3)));
    }
}

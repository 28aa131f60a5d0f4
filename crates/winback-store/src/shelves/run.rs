//! Runs and the reports of their stages.
use crate::codes::Code;
use crate::connect::SqliteStore;
use crate::error::{damaged, reading, writing};
use crate::rows::{Columns, all, execute, first, number};
use crate::shelves::{customer, overview};
use async_trait::async_trait;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, QueryResult};
use winback_core::digest::Digest;
use winback_core::id::RunId;
use winback_core::run::{Run, RunOrigin, RunProgress, Stage, StageReport};
use winback_core::store::{RunStore, StoreError};

const RUN: &str = "SELECT id, source, source_digest, settings_digest, settings, started_at FROM run";

/// What each stage stores, besides its report.
const STORED_BY: &[(Stage, &[&str])] = &[
    (Stage::Import, &["customer", "customer_id", "defect"]),
    (Stage::Train, &[]),
    (Stage::Assess, &["assessment", "listing", "overview"]),
    (Stage::Plan, &["plan", "plan_pattern", "approval", "overview"]),
    (Stage::Write, &["writing"]),
];

#[async_trait]
impl RunStore for SqliteStore {
    async fn begin(&self, origin: &RunOrigin, now: Timestamp) -> Result<Run, StoreError> {
        let tx = self.begin_write().await?;
        let unfinished = format!(
            "{RUN} WHERE source = $1 AND source_digest = $2 AND settings_digest = $3 AND settings = $4 \
             AND NOT EXISTS (SELECT 1 FROM stage_report s WHERE s.run_id = run.id AND s.stage = $5) ORDER BY id DESC LIMIT 1"
        );
        let parts = [&origin.source, &origin.source_digest.0, &origin.settings_digest.0, &origin.settings];
        let mut values: Vec<sea_orm::Value> = parts.iter().map(|part| part.as_str().into()).collect();
        values.push(Stage::Plan.code().into());
        if let Some(row) = first(&tx, &unfinished, values.clone()).await? {
            return read_run(&tx, &row).await;
        }
        values.pop();
        values.push(now.to_string().into());
        let insert = "INSERT INTO run (source, source_digest, settings_digest, settings, started_at, source_rows) \
                      VALUES ($1, $2, $3, $4, $5, 0) RETURNING id";
        let id = number(&tx, insert, values).await?;
        tx.commit().await.map_err(writing)?;
        Ok(Run { id: RunId(id.cast_signed()), origin: origin.clone(), started_at: now, stages: Vec::new() })
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>, StoreError> {
        let tx = self.begin_read().await?;
        match first(&tx, &format!("{RUN} WHERE id = $1"), vec![id.0.into()]).await? {
            Some(row) => read_run(&tx, &row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn runs(&self, limit: u64) -> Result<Vec<Run>, StoreError> {
        let tx = self.begin_read().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut runs = Vec::new();
        for row in all(&tx, &format!("{RUN} ORDER BY id DESC LIMIT $1"), vec![limit.into()]).await? {
            runs.push(read_run(&tx, &row).await?);
        }
        Ok(runs)
    }

    async fn finish_stage(&self, id: RunId, report: &StageReport) -> Result<(), StoreError> {
        let tx = self.begin_write().await?;
        execute(&tx, "DELETE FROM stage_report WHERE run_id = $1 AND stage >= $2", vec![id.0.into(), report.stage.code().into()]).await?;
        // Stored by key, so that the bytes do not depend on how a build keeps the fields of JSON.
        let mut told = report.report.clone();
        told.sort_all_objects();
        let insert = "INSERT INTO stage_report (run_id, stage, finished_at, duration_ms, report) VALUES ($1, $2, $3, $4, $5)";
        let values = vec![
            id.0.into(),
            report.stage.code().into(),
            report.finished_at.to_string().into(),
            report.duration_ms.cast_signed().into(),
            told.to_string().into(),
        ];
        execute(&tx, insert, values).await?;
        if report.stage == Stage::Import {
            customer::index_ids(&tx, id).await?;
        }
        if matches!(report.stage, Stage::Assess | Stage::Plan) {
            overview::remember(&tx, id).await?;
        }
        tx.commit().await.map_err(writing)
    }

    async fn reopen(&self, id: RunId, stage: Stage) -> Result<(), StoreError> {
        let tx = self.begin_write().await?;
        for (_, tables) in STORED_BY.iter().filter(|(done, _)| *done >= stage) {
            for table in *tables {
                execute(&tx, &format!("DELETE FROM {table} WHERE run_id = $1"), vec![id.0.into()]).await?;
            }
        }
        if stage == Stage::Plan {
            let unlist = "UPDATE listing SET contact = NULL, offer = NULL, cost_minor = NULL, net_minor = NULL WHERE run_id = $1";
            execute(&tx, unlist, vec![id.0.into()]).await?;
        }
        if stage == Stage::Import {
            execute(&tx, "UPDATE run SET source_rows = 0 WHERE id = $1", vec![id.0.into()]).await?;
        }
        execute(&tx, "DELETE FROM stage_report WHERE run_id = $1 AND stage >= $2", vec![id.0.into(), stage.code().into()]).await?;
        tx.commit().await.map_err(writing)
    }

    async fn progress(&self, id: RunId) -> Result<RunProgress, StoreError> {
        let tx = self.begin_read().await?;
        let of = || vec![id.0.into()];
        let listed = first(&tx, "SELECT COUNT(level), COUNT(contact) FROM listing WHERE run_id = $1", of()).await?;
        let listed = |at| listed.as_ref().map_or(Ok(0), |row| row.try_get_by_index::<i64>(at)).map(i64::cast_unsigned).map_err(reading);
        Ok(RunProgress {
            customers: customer::count(&tx, id).await?,
            source_rows: number(&tx, "SELECT source_rows FROM run WHERE id = $1", of()).await?,
            assessed: listed(0)?,
            planned: listed(1)?,
            written: number(&tx, "SELECT COUNT(DISTINCT position) FROM writing WHERE run_id = $1", of()).await?,
        })
    }

    async fn prune(&self, keep: u64) -> Result<u64, StoreError> {
        let tx = self.begin_write().await?;
        let keep = i64::try_from(keep).unwrap_or(i64::MAX);
        let old = "id NOT IN (SELECT id FROM run ORDER BY id DESC LIMIT $1)";
        for table in STORED_BY.iter().flat_map(|(_, tables)| *tables).chain(&["stage_report"]) {
            let sql = format!("DELETE FROM {table} WHERE run_id IN (SELECT id FROM run WHERE {old})");
            execute(&tx, &sql, vec![keep.into()]).await?;
        }
        let pruned = execute(&tx, &format!("DELETE FROM run WHERE {old}"), vec![keep.into()]).await?;
        tx.commit().await.map_err(writing)?;
        Ok(pruned)
    }
}

async fn read_run(db: &impl ConnectionTrait, row: &QueryResult) -> Result<Run, StoreError> {
    let mut columns = Columns::of(row);
    let id = RunId(columns.next().map_err(reading)?);
    let mut text = || columns.next::<String>().map_err(reading);
    let origin = RunOrigin { source: text()?, source_digest: Digest(text()?), settings_digest: Digest(text()?), settings: text()? };
    let started_at = text()?.parse().map_err(|error: jiff::Error| damaged("run", id, error))?;
    let select = "SELECT stage, finished_at, duration_ms, report FROM stage_report WHERE run_id = $1 ORDER BY stage";
    let reports = all(db, select, vec![id.0.into()]).await?;
    let stages = reports.iter().map(|row| read_report(row, id)).collect::<Result<_, _>>()?;
    Ok(Run { id, origin, started_at, stages })
}

fn read_report(row: &QueryResult, run: RunId) -> Result<StageReport, StoreError> {
    let mut columns = Columns::of(row);
    let stage = columns.next::<i16>().map_err(reading)?;
    let finished_at = columns.next::<String>().map_err(reading)?;
    let duration_ms = columns.next::<i64>().map_err(reading)?;
    let report = columns.next::<String>().map_err(reading)?;
    Ok(StageReport {
        stage: Stage::from_code(stage).map_err(|why| damaged("stage report", run, why))?,
        finished_at: finished_at.parse().map_err(|error: jiff::Error| damaged("stage report", run, error))?,
        duration_ms: duration_ms.cast_unsigned(),
        report: serde_json::from_str(&report).map_err(|error| damaged("stage report", run, error))?,
    })
}

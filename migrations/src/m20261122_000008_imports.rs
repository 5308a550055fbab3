//! Imports of customers: the file, what became of its rows, and what would undo it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

use crate::table::{index, references, versioned, with_id};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // On SQLite too: a start that is killed half-way leaves nothing behind that would stop the next one.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut imports = with_id("imports");
        imports
            .col(text("status"))
            .col(text("file_name"))
            .col(big_integer("file_size"))
            .col(text_null("format"))
            .col(text_null("encoding"))
            .col(json_binary("mapping"))
            .col(json_binary("columns"))
            .col(text("on_duplicate"))
            .col(boolean("dry_run"))
            .col(text("system"))
            .col(text("source"))
            .col(uuid_null("owner_id"))
            .col(uuid_null("department_id"))
            // Who ordered it, with what they reached then: it runs as they.
            .col(uuid("created_by"))
            .col(json_binary("actor"))
            .col(big_integer_null("rows_total"))
            .col(big_integer("rows_done").default(0))
            .col(integer("done_ppm").default(0));
        for count in ["created", "updated", "skipped", "failed", "ignored"] {
            imports.col(big_integer(count).default(0));
        }
        imports
            // Owners whom nobody knows, with the number of their rows.
            .col(json_binary("unknown_owners").default("{}"))
            .col(json_binary_null("failure"))
            .col(text_null("undo_status"))
            .col(big_integer_null("undo_row"))
            .col(big_integer("undo_removed").default(0))
            .col(big_integer("undo_restored").default(0))
            .col(json_binary("undo_kept").default("{}"))
            .col(timestamp_with_time_zone_null("started_at"))
            .col(timestamp_with_time_zone_null("finished_at"));
        manager.create_table(versioned(&mut imports).to_owned()).await?;
        index(manager, "imports", &["created_by", "id"], false).await?;

        // In the database, so that any copy of the program can go on with it. It comes before its import: that row is
        // written once the file is whole.
        let chunks = Table::create()
            .table("import_chunks")
            .col(uuid("import_id"))
            .col(integer("seq"))
            .col(blob("bytes"))
            .col(timestamp_with_time_zone("created_at"))
            .primary_key(Index::create().col("import_id").col("seq"))
            .to_owned();
        manager.create_table(chunks).await?;
        index(manager, "import_chunks", &["created_at"], false).await?;

        // Not bound to the customer, which may go while this stays.
        let rows = Table::create()
            .table("import_rows")
            .col(uuid("import_id"))
            .col(uuid("customer_id"))
            .col(big_integer("row"))
            // As the import left it.
            .col(big_integer("version"))
            // What it was before; null where the import made it.
            .col(json_binary_null("before"))
            .primary_key(Index::create().col("import_id").col("customer_id"))
            .foreign_key(&mut references("import_rows", "import_id", "imports"))
            .to_owned();
        manager.create_table(rows).await?;
        index(manager, "import_rows", &["import_id", "row"], false).await?;

        let findings = Table::create()
            .table("import_findings")
            .col(uuid("import_id"))
            .col(big_integer("row"))
            .col(text("verdict"))
            .col(text_null("external_id"))
            .col(json_binary("findings"))
            .col(json_binary_null("duplicate"))
            .primary_key(Index::create().col("import_id").col("row"))
            .foreign_key(&mut references("import_findings", "import_id", "imports"))
            .to_owned();
        manager.create_table(findings).await?;
        index(manager, "import_findings", &["import_id", "verdict", "row"], false).await?;

        // What a dry run would have stored, by which later rows of the file are matched.
        let keys = Table::create()
            .table("import_keys")
            .col(uuid("import_id"))
            .col(text("kind"))
            .col(text("key"))
            .col(big_integer("row"))
            .col(text("name"))
            .primary_key(Index::create().col("import_id").col("kind").col("key"))
            .foreign_key(&mut references("import_keys", "import_id", "imports"))
            .to_owned();
        manager.create_table(keys).await
    }
}

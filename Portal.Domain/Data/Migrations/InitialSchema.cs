using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Portal.Domain.Data.Migrations;

/// <summary>The first schema: a SQL file per noun, rights and triggers last.</summary>
[DbContext(typeof(PortalDbContext))]
[Migration("20261123000000_InitialSchema")]
public sealed class InitialSchema : Migration
{
    /// <summary>Files of Migrations/Initial in the order in which they run.</summary>
    public static readonly IReadOnlyList<string> Files =
    [
        "platform",
        "identity",
        "tenants",
        "catalog",
        "pricing",
        "ledger",
        "months",
        "credits",
        "metering",
        "intake",
        "counters",
        "payments",
        "top_ups",
        "subscriptions",
        "invoicing",
        "invoice_corrections",
        "moves",
        "operations",
        "due_runs",
        "exchange",
        "outcomes",
        "retention",
        "webhooks",
        "alerts",
        "security",
    ];

    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        foreach (var file in Files) migrationBuilder.Sql(SqlResources.Read($"Migrations.Initial.{file}"));
    }
}

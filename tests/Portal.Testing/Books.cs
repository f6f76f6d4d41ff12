using Npgsql;
using Portal.Domain.Revenue;
using Shouldly;

namespace Portal.Testing;

/// <summary>What every test of money ends with.</summary>
public static class Books
{
    /// <summary>Every invariant holds, from the rows alone; else the test fails with the rows that differ.</summary>
    public static async Task ShouldBalanceAsync(this NpgsqlDataSource source) =>
        (await new Reconciliation(source).RunAsync()).Checks.Where(check => !check.Ok)
            .Select(check => $"{check.Id} {check.Name}: {string.Join("; ", check.Failures)}").ShouldBeEmpty();
}

using CsCheck;
using Npgsql;
using Portal.Domain.Data;
using Portal.Testing;

namespace Portal.Database.Tests.Reads;

/// <summary>What is encoded by hand is what PostgreSQL reads.</summary>
public sealed class BinaryRowsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Every_type_comes_back_as_it_went()
    {
        await using var database = await postgres.CreateAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await ExecuteAsync(connection, "create temp table t (n int, l bigint, g uuid, b boolean, i timestamptz, s text, j json, d numeric(28,9), c char(3), o int)");
        var (id, at) = (Guid.CreateVersion7(), new DateTimeOffset(1999, 12, 31, 23, 59, 59, TimeSpan.FromHours(9)).AddTicks(1_234_560));
        using (var rows = new BinaryRows(16))
        {
            rows.Row(10);
            rows.Add(1);
            rows.Add(long.MinValue);
            rows.Add(id);
            rows.Add(true);
            rows.Add(at);
            rows.Add("Zürich 東京 😀");
            rows.Add("""{"a":1}"""u8);
            rows.Add(-1.000000001m);
            rows.Add("USD");
            rows.Add((int?)null);
            rows.Row(10);
            rows.Add(2);
            for (var i = 0; i < 9; i++) rows.Null();
            await rows.CopyAsync(connection, "copy t from stdin (format binary)", CancellationToken.None);
        }

        var read = await connection.ListAsync(
            "select l, g, b, i, s, j::text, d, c, o from t where n = 1",
            r => (r.GetInt64(0), r.GetGuid(1), r.GetBoolean(2), r.GetFieldValue<DateTimeOffset>(3), r.GetString(4), r.GetString(5), r.GetDecimal(6), r.GetString(7), r.IsDBNull(8)),
            CancellationToken.None);
        read.Single().ShouldBe((long.MinValue, id, true, at.ToUniversalTime(), "Zürich 東京 😀", """{"a":1}""", -1.000000001m, "USD", true));
    }

    [Fact]
    public async Task Every_decimal_comes_back_as_it_went()
    {
        await using var database = await postgres.CreateAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await ExecuteAsync(connection, "create temp table t (n int, d numeric)");
        decimal[] edges =
        [
            0m, 0.0m, 0.000000000m, 1m, -1m, 9999m, 10_000m, 10_001m, 0.0001m, 0.00001m, 123_456_789.000000001m, 1_000_000_000_000_000m, 1e-28m, decimal.MaxValue,
            decimal.MinValue, 79_228_162_514_264_337_593_543_950.335m, 18_446_744_073_709_551_616m, 0.5m, 100.10m, 10_000.0001m, 9_007_199_254_740_991.9m,
        ];
        var random = new PCG(1, 2);
        var values = edges.Concat(Gen.Decimal.Array[2000].Generate(random, null, out _)).Concat(Gen.Long.Select(nanos => new decimal(nanos) / 1_000_000_000m).Array[2000].Generate(random, null, out _)).ToArray();
        using (var rows = new BinaryRows(values.Length * 20))
        {
            for (var i = 0; i < values.Length; i++)
            {
                rows.Row(2);
                rows.Add(i);
                rows.Add(values[i]);
            }

            await rows.CopyAsync(connection, "copy t from stdin (format binary)", CancellationToken.None);
        }

        var read = await connection.ListAsync("select d from t order by n", r => r.GetDecimal(0), CancellationToken.None);
        read.ShouldBe(values);
        read.Select(value => value.Scale).ShouldBe(values.Select(value => value.Scale));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

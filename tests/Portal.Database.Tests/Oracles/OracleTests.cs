using System.Globalization;
using Portal.Testing;

namespace Portal.Database.Tests.Oracles;

/// <summary>
/// Figures of other engines' public tests that our rules must give too (docs/oracles.md says which rows are here, and why others are not).
/// The expected figures are the tables', not ours.
/// </summary>
public sealed class OracleTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Theory]
    [InlineData("G01", "use 50", "debt 50, consumed 50")]
    [InlineData("G02", "grant g1 100 for 30d; pass 1h; use 50", "g1 50")]
    [InlineData("G04", "grant g1 100 from 10d for 30d; pass 1h; use 50; pass 5d", "g1 100, debt 50")]
    [InlineData("G08", "grant g1 100 for 1d; pass 365d; use 50", "g1 0, debt 50")]
    [InlineData("G09", "grant g1 100 for 1d; pass 1d; use 10; pass 5d", "g1 0, expired 100, debt 10")]
    [InlineData("G10", "grant g1 100 from 1d for 30d; use 25; pass 25h; use 25", "g1 50, debt 0, consumed 50")]
    [InlineData("G12", "grant g2 100 priority 2 for 30d; grant g1 100 priority 1 for 30d; use 120", "g1 0, g2 80")]
    [InlineData("G13", "grant g2 100 for 36500d; grant g1 100 for 30d; use 120", "g1 0, g2 80")]
    [InlineData("E02", "use 100", "debt 100, available 0")]
    [InlineData("E03", "use 600", "debt 600, available 0")]
    [InlineData("E04", "grant g1 1000; use 100", "available 900")]
    [InlineData("E10", "grant g1 1000 for 1d; pass 1d", "g1 0, available 0")]
    [InlineData("E12", "grant g1 1000; use 200; pass 1d; use 100", "consumed 300, available 700")]
    [InlineData("L06", "grant g1 10 for 9d; pass 4d; use 4; pass 1d", "available 6, consumed 4, expired 0")]
    [InlineData("L06 later", "grant g1 10 for 9d; pass 4d; use 4; pass 5d", "available 0, consumed 4, expired 6")]
    [InlineData("L09", "grant a 30 priority 1; grant b 50 priority 2; use 60", "a 0, b 20")]
    [InlineData("L12", "grant any 10; grant only 20 product text; use 15 product image", "any 0, only 20, debt 5")]
    [InlineData("L16", "grant g1 40; use 70", "g1 0, debt 30, unbilled 0")]
    [InlineData("L02", "grant t10 10 until 10d; grant t15 15 until 15d; use 5; use 10; amend 3", "t10 2, t15 15, consumed 8")]
    [InlineData("L03", "grant t10 10 until 10d; use 5; amend 3; pass 10d", "t10 0, expired 7, consumed 3")]
    [InlineData("L18", "grant fbo 100; use 40; amend 30", "fbo 70, consumed 30")]
    [InlineData("L22", "grant a 10 priority 1; grant b 10 priority 2; use 20; amend 10", "a 0, b 10")]
    [InlineData("L22 twice", "grant a 10; use 10; amend 6; amend 0", "a 10, consumed 0")]
    [InlineData("W01", "grant w 100 value 100; use 40", "w 60, deferred:credits 60")]
    [InlineData("W02", "grant a 30 value 30; grant b 50 value 50; use 60", "a 0, b 20")]
    [InlineData("W03", "grant w 100; use 25; use 35", "w 40")]
    [InlineData("W05", "grant paid 70 value 70; grant granted 30; use 80", "granted 0, paid 20, revenue:usage 50")]
    [InlineData("W08", "grant a 30 product text; grant b 50 product image; use 25 product text; use 25 product image", "a 5, b 25")]
    [InlineData("W09", "grant b 50 priority 2; grant a 30 priority 1; use 60", "a 0, b 20")]
    [InlineData("A lock 8 confirm 5", "grant hour 5 until 1d; grant month 10 until 30d; hold h 8; capture h 5", "available 10, held 0")]
    [InlineData("A lock 8 confirm 11", "grant hour 5 until 1d; grant month 10 until 30d; hold h 8; capture h 11", "available 4, held 0")]
    [InlineData("A lock 8 confirm 4, then expiry", "grant hour 5 until 1d; grant month 10 until 30d; hold h 8; capture h 4; pass 10m", "available 11, held 0")]
    [InlineData("A track 3, lock 8 expires", "grant hour 5 until 1d; grant month 10 until 30d; use 3; hold h 8; pass 10m", "available 12, held 0")]
    [InlineData("A receipt lost", "grant hour 5 until 1d; grant month 10 until 30d; hold h 8", "available 7, held 8")]
    [InlineData("A docs", "grant month 500 until 30d; grant life 200; use 400; use 200", "month 0, life 100")]
    [InlineData("A docs first", "grant month 500 until 30d; grant life 200; use 400", "month 100, life 200")]
    [InlineData("Zuora", "grant year 200 priority 2; grant month 1000 priority 1; use 1100", "month 0, year 100")]
    [InlineData("Stigg first", "grant a 50 priority 1 value 50 until 8d; grant b 20 priority 1 until 8d; grant c 100 priority 2 until 5d; use 20", "a 50, b 0, c 100")]
    [InlineData("Stigg second", "grant a 50 priority 1 value 50 until 8d; grant b 20 priority 1 until 8d; grant c 100 priority 2 until 5d; use 71", "a 0, b 0, c 99")]
    [InlineData("Flexprice negative", "use 100; grant g 30", "g 0, debt 70, available 0")]
    [InlineData("Flexprice positive", "use 100; grant g 130", "g 30, debt 0, available 30")]
    public async Task Credits_burn_as_the_tables_say(string row, string steps, string expected)
    {
        await using var scenario = await Scenario.StartAsync(postgres);
        (await scenario.RunAsync(steps)).ShouldBeEmpty(row);
        foreach (var figure in expected.Split(", "))
        {
            var (name, number) = (figure.Split(' ')[0], decimal.Parse(figure.Split(' ')[1], CultureInfo.InvariantCulture));
            (await scenario.FigureAsync(name)).ShouldBe(number, $"{row}: {name}");
        }
    }
}

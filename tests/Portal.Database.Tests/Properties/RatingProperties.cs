using System.Globalization;
using CsCheck;
using Portal.Database.Tests.Counters;
using Portal.Domain.Data;
using Portal.Domain.Metering.Intake;
using Portal.Testing;

namespace Portal.Database.Tests.Properties;

/// <summary>
/// For random cards and events: however the events are split into batches, in whatever order, by how many senders at once, and however often
/// they are sent again, what the month comes to is the price of its whole quantity, and the hours say the same.
/// </summary>
public sealed class RatingProperties(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Sequences = 8, Senders = 4;

    /// <summary>A price as JSON, and plainly.</summary>
    private sealed record PlainPrice(string Json, Func<decimal, decimal> Of);

    private sealed record Card(PlainPrice Gpu, string GpuUnit, bool EachConsumer, PlainPrice Seats);

    private sealed record Fact(int Kind, decimal Amount, int Consumer, int Hour);

    private static readonly Gen<decimal> Amount = Gen.Frequency((2, Gen.Int[1, 12].Select(n => (decimal)n)), (1, Gen.Int[1, 9_999_999].Select(n => n / 1_000_000m)));

    private static readonly Gen<PlainPrice> Price = Gen.OneOf(
        Gen.Select(Gen.Int[1, 40], Gen.Int[2, 9]).Select(p => new PlainPrice(Text($$"""{"model":"package","amount":"{{p.Item1}}","per":"{{p.Item2}}"#"""), q => decimal.Ceiling(q / p.Item2) * p.Item1)),
        Gen.Select(Gen.Int[5, 40], Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, 20]).Select(p => new PlainPrice(
            Text($$"""{"model":"graduated","tiers":[{"up_to":"{{p.Item1}}","unit_amount":"{{p.Item2}}"},{"up_to":null,"unit_amount":"{{p.Item3}}","flat_amount":"{{p.Item4}}"}]#"""),
            q => q <= p.Item1 ? q * p.Item2 : ((decimal)p.Item1 * p.Item2) + ((q - p.Item1) * p.Item3) + p.Item4)),
        Gen.Select(Gen.Int[5, 40], Gen.Int[2, 9], Gen.Int[0, 1]).Select(p => new PlainPrice( // falls where its second tier begins
            Text($$"""{"model":"volume","tiers":[{"up_to":"{{p.Item1}}","unit_amount":"{{p.Item2}}"},{"up_to":null,"unit_amount":"{{p.Item3}}"}]#"""),
            q => q <= p.Item1 ? q * p.Item2 : q * p.Item3)),
        Gen.Select(Gen.Int[5, 40], Gen.Int[1, 9], Gen.Int[0, 99]).Select(p => new PlainPrice(
            Text($$"""{"model":"stairstep","tiers":[{"up_to":"{{p.Item1}}","flat_amount":"{{p.Item2}}"},{"up_to":null,"flat_amount":"{{p.Item3}}"}]#"""),
            q => q <= p.Item1 ? p.Item2 : p.Item3)),
        Gen.Select(Gen.Int[1, 30], Gen.Int[7, 9], Gen.Int[20, 200]).Select(p => new PlainPrice(
            Text($$"""{"model":"per_unit","amount":"{{p.Item1}}","per":"{{p.Item2}}","maximum":"{{p.Item3}}"#"""), q => Math.Min(p.Item3, q * p.Item1 / p.Item2))));

    private static readonly Gen<Card> Cards = Gen.Select(Price, Gen.OneOf("CREDIT", "USD"), Gen.Bool, Price, (gpu, unit, each, seats) => new Card(gpu, unit, each, seats));

    private static readonly Gen<Fact> Facts = Gen.Select(Gen.Int[0, 3], Amount, Gen.Int[0, 2], Gen.Int[0, 40], (kind, amount, consumer, hour) => new Fact(kind, amount, consumer, hour));

    [Fact]
    public async Task Any_split_order_and_retry_of_the_same_events_comes_to_the_same()
    {
        var random = Environment.GetEnvironmentVariable("Portal__PropertySeed") is { } seed ? PCG.Parse(seed) : new PCG((uint)Environment.ProcessId, (ulong)Environment.TickCount64);
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            var start = random.ToString();
            var card = Cards.Generate(random, null, out _);
            var facts = Facts.Array[20, 60].Generate(random, null, out _);
            var sends = Gen.Shuffle(Enumerable.Range(0, facts.Length).Concat(Enumerable.Range(0, facts.Length / 2)).ToArray()).Generate(random, null, out _);
            var sizes = Gen.Int[1, 9].Array[sends.Length].Generate(random, null, out _);
            try
            {
                await RunAsync(card, facts, sends, sizes);
            }
            catch (Exception exception) when (exception is ShouldAssertException or InvalidOperationException)
            {
                throw new InvalidOperationException($"Portal__PropertySeed={start} {card} {string.Join(' ', facts.AsEnumerable())}", exception);
            }
        }
    }

    private async Task RunAsync(Card card, Fact[] facts, int[] sends, int[] sizes)
    {
        await using var world = await MeterWorld.StartAsync(postgres, start: "2030-01-20T00:00:00Z");
        await PublishAsync(world, card);
        await world.Portal.GrantAsync(world.Tenant, 100m, value: 33m);
        var batches = new List<int[]>();
        for (var (at, i) = (0, 0); at < sends.Length; at += sizes[i++]) batches.Add(sends[at..Math.Min(sends.Length, at + sizes[i])]);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, Senders).Select(async _ =>
        {
            for (int mine; (mine = Interlocked.Increment(ref next)) < batches.Count;)
            {
                var answers = await world.Portal.SendAsync([.. batches[mine].Select(i => Event(facts[i], i))]);
                answers.ShouldAllBe(answer => answer.Status == EventStatus.Accepted || answer.Status == EventStatus.Duplicate);
            }
        }));
        await ShouldBeAsync(world, card, facts);
    }

    private static async Task ShouldBeAsync(MeterWorld world, Card card, Fact[] facts)
    {
        var gpu = facts.Where(fact => fact.Kind == 0).GroupBy(fact => card.EachConsumer ? fact.Consumer : 0)
            .Sum(scope => Math.Round(card.Gpu.Of(scope.Sum(fact => fact.Amount)), 9, MidpointRounding.ToEven));
        var peak = facts.Where(fact => fact.Kind == 1).Select(fact => fact.Amount).DefaultIfEmpty(0m).Max();
        var seats = peak == 0m ? 0m : Math.Round(card.Seats.Of(peak), 9, MidpointRounding.ToEven);
        var users = facts.Where(fact => fact.Kind == 2).Select(fact => fact.Consumer).Distinct().Count() * 7m;
        var each = facts.Where(fact => fact.Kind == 3).Sum(fact => Math.Round(fact.Amount * 5m / 7m, 9, MidpointRounding.ToEven));
        (await world.ConsumedAsync("gpu")).ShouldBe(card.GpuUnit == "CREDIT" ? gpu : 0m);
        (await world.ConsumedAsync("seats")).ShouldBe(seats);
        (await world.ConsumedAsync("users")).ShouldBe(users);
        (await world.ConsumedAsync("call")).ShouldBe(each);
        (await world.UnbilledAsync()).ShouldBe(card.GpuUnit == "USD" ? gpu : 0m);
        var hours = await world.Portal.Source.ListAsync(
            "select product, sum(events)::bigint, sum(quantity), sum(credits) from usage_hourly group by 1",
            row => (Product: row.GetString(0), Events: row.GetInt64(1), Quantity: row.GetDecimal(2), Credits: row.GetDecimal(3)), CancellationToken.None);
        hours.Sum(row => row.Events).ShouldBe(facts.Length);
        hours.Sum(row => row.Credits).ShouldBe((card.GpuUnit == "CREDIT" ? gpu : 0m) + seats + users + each);
        hours.Where(row => row.Product == "seats").Sum(row => row.Quantity).ShouldBe(peak);
    }

    private static async Task PublishAsync(MeterWorld world, Card card)
    {
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.MeterAsync("seats", """ "aggregation":"max","quantities":[{"property":"n"}] """);
        await world.MeterAsync("users", """ "aggregation":"unique","quantities":[{"property":"consumer"}] """);
        await world.MeterAsync("call", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        static string Rate(string meter, string price, string unit = "CREDIT") => $$"""{"meter":"{{meter}}","match":{},"unit":"{{unit}}","price":{{price}} }""";
        await world.RatesAsync("[" + string.Join(',', [
            Rate("gpu", card.Gpu.Json[..^1] + (card.EachConsumer ? ""","scope":"consumer"}""" : "}"), card.GpuUnit),
            Rate("seats", card.Seats.Json),
            Rate("users", """{"model":"per_unit","amount":"7"}"""),
            Rate("call", """{"model":"per_unit","amount":"5","per":"7"}"""),
        ]) + "]");
    }

    private static string Event(Fact fact, int id) => MeterWorld.Event(
        fact.Kind switch { 0 => "gpu", 1 => "seats", 2 => "users", _ => "call" },
        string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{fact.Amount}},"consumer":"c{{fact.Consumer}}"}"""),
        MeterWorld.At("2030-01-18T00:00:00Z").AddHours(fact.Hour), string.Create(CultureInfo.InvariantCulture, $"f{id}"));

    // The closing brace of a price, which its scope may come before.
    private static string Text(string price) => price.Replace('#', '}');
}

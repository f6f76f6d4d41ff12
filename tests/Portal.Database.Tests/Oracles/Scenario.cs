using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Properties;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Oracles;

/// <summary>
/// A row of a table as a list of steps, separated by semicolons, on one tenant:
/// <c>grant NAME CREDITS [priority N] [value V] [pool P] [product P] [from 5d] [for 30d | until 30d]</c> (until counts from the beginning), <c>use CREDITS [product P] [pool P]</c>,
/// <c>hold NAME CREDITS [for 10m] [product P]</c>, <c>capture NAME CREDITS</c>, <c>release NAME</c>, <c>pass 1h</c>,
/// <c>amend CREDITS</c> (of the last usage), <c>transfer CREDITS from P to P</c>.
/// </summary>
internal sealed class Scenario(PropertyWorld world) : IAsyncDisposable
{
    private readonly Dictionary<string, Guid> grants = new(StringComparer.Ordinal), holds = new(StringComparer.Ordinal);
    private readonly Scene scene = world.Scenes[0];
    private string last = "";
    private DateTimeOffset? beginning;

    public static async Task<Scenario> StartAsync(PostgresFixture postgres) => new(await PropertyWorld.StartAsync(postgres));

    /// <summary>Runs the steps; answers the code of the last refusal, or nothing.</summary>
    public async Task<string> RunAsync(string steps)
    {
        var refused = "";
        foreach (var step in steps.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            refused = await StepAsync(step.Split(' ', StringSplitOptions.RemoveEmptyEntries)) ?? refused;
        await world.Wallets.SettleAsync(scene.Id);
        return refused;
    }

    /// <summary>A figure by its name: a grant's, <c>debt</c>, <c>held</c>, <c>available</c>, or an account.</summary>
    public async Task<decimal> FigureAsync(string name)
    {
        if (grants.TryGetValue(name, out var grant)) return await NumberAsync($"select remaining from grants where id = '{grant}'");
        return name switch
        {
            "debt" => await NumberAsync($"select -sum(balance) from ledger_accounts where tenant_id = {scene.Id} and account like 'debt:%'"),
            "consumed" => await NumberAsync($"select sum(balance) from ledger_accounts where tenant_id = {scene.Id} and account like 'consumed:%'"),
            "held" => await NumberAsync($"select sum(held) from pools where tenant_id = {scene.Id}"),
            "available" => (await new Domain.Data.TenantReads(world.Source).RunAsync(scene.Id, read => Balances.ReadAsync(read))).Total.Available,
            _ => Math.Abs(await NumberAsync($"select sum(balance) from ledger_accounts where tenant_id = {scene.Id} and account = '{name}'")),
        };
    }

    public async ValueTask DisposeAsync() => await world.DisposeAsync();

    private async Task<string?> StepAsync(string[] words)
    {
        switch (words[0])
        {
            case "grant":
                return await GrantAsync(words);
            case "use":
                return await UseAsync(words);
            case "pass":
                await world.AdvanceAsync((int)Span(words[1]).TotalSeconds);
                return null;
            case "hold":
                var ttl = Option(words, "for") is { } time ? Span(time) : TimeSpan.FromMinutes(10);
                var placed = await world.Wallets.RunAsync(scene.Id, wallet => Holds.PlaceAsync(wallet, new HoldOrder(Number(words[2]), Product: "text", Ttl: ttl)));
                if (placed.Succeeded) holds[words[1]] = placed.Value.Id;
                return placed.Problem?.Code;
            case "capture":
                var captures = world.Services.GetRequiredService<Captures>();
                return (await world.Wallets.RunAsync(scene.Id, wallet => captures.CaptureAsync(wallet, holds[words[1]], new CaptureOrder(default, Number(words[2]))))).Problem?.Code;
            case "release":
                return (await world.Wallets.RunAsync(scene.Id, wallet => Holds.ReleaseAsync(wallet, holds[words[1]]))).Problem?.Code;
            case "amend":
                var corrections = world.Services.GetRequiredService<UsageCorrections>();
                var data = JsonElement.Parse($$"""{"credits":"{{words[1]}}"}""");
                return (await world.Wallets.RunAsync(scene.Id, wallet => corrections.AmendAsync(wallet, "test", last, data, "as the table says"))).Problem?.Code;
            case "transfer":
                return (await world.Wallets.RunAsync(scene.Id, wallet => PoolTransfers.MoveAsync(wallet, words[3], words[5], Number(words[1])))).Problem?.Code;
            default:
                throw new InvalidOperationException($"What is {words[0]}?");
        }
    }

    private async Task<string?> GrantAsync(string[] words)
    {
        var value = Option(words, "value") is { } paid ? Number(paid) : 0m;
        var granted = await world.Wallets.RunAsync(scene.Id, wallet =>
        {
            beginning ??= wallet.Now;
            var from = Option(words, "from") is { } wait ? wallet.Now + Span(wait) : wallet.Now;
            return Grants.CreateAsync(wallet, new GrantOrder(
                Number(words[2]), Option(words, "pool"), value > 0m ? GrantSource.Purchase : GrantSource.Promotion, value, CostBasis: null, Currency: null,
                int.Parse(Option(words, "priority") ?? "50", CultureInfo.InvariantCulture), from, Option(words, "for") is { } span ? from + Span(span) : Option(words, "until") is { } end ? beginning + Span(end) : null,
                Option(words, "product") is { } product ? [product] : null));
        });
        if (granted.Succeeded) grants[words[1]] = granted.Value.Id;
        return granted.Problem?.Code;
    }

    private async Task<string?> UseAsync(string[] words)
    {
        last = world.NextEventId();
        var now = new DateTimeOffset((DateTime)(await world.ScalarAsync("select clock_timestamp() + clock_offset from platform"))!, TimeSpan.Zero);
        var usage = new Usage(Option(words, "pool"), Option(words, "product") ?? "text", Consumer: null, Number(words[1]));
        var taken = (await world.SendAsync(usage.Body(scene.Key, last, now)))[0];
        return taken.Status == EventStatus.Accepted ? null : PropertyWorld.Fate(taken);
    }

    private async Task<decimal> NumberAsync(string sql) => await world.ScalarAsync(sql) is decimal found ? found : 0m;

    private static decimal Number(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    private static string? Option(string[] words, string name) => Array.IndexOf(words, name) is var at and > 0 ? words[at + 1] : null;

    /// <summary><c>30d</c>, <c>1h</c>, <c>10m</c>, <c>5s</c>.</summary>
    private static TimeSpan Span(string text) => (text[^1], double.Parse(text[..^1], CultureInfo.InvariantCulture)) switch
    {
        ('d', var days) => TimeSpan.FromDays(days),
        ('h', var hours) => TimeSpan.FromHours(hours),
        ('m', var minutes) => TimeSpan.FromMinutes(minutes),
        (_, var seconds) => TimeSpan.FromSeconds(seconds),
    };
}

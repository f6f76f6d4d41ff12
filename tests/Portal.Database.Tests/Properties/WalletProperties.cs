using CsCheck;
using Portal.Domain.Revenue;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Properties;

/// <summary>Random sequences of purchases, grants, usage, retries and steps of the clock, against a plain model and the invariants.</summary>
public sealed class WalletProperties(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private abstract record Step(int Tenant);

    private sealed record GrantStep(int Tenant, string Pool, decimal Credits, decimal Value, int Priority, int? ExpiresInMinutes, int EffectiveInMinutes) : Step(Tenant)
    {
        public override string ToString() => $"grant {Credits} worth {Value} to {Pool} of {Tenant}, priority {Priority}, from +{EffectiveInMinutes} min, for {ExpiresInMinutes} min";
    }

    private sealed record UseStep(int Tenant, string Pool, int Tokens, int Id) : Step(Tenant)
    {
        public override string ToString() => $"use {Tokens} tokens of {Pool} of {Tenant} as #{Id}";
    }

    private sealed record ClockStep(int Tenant, int Minutes) : Step(Tenant)
    {
        public override string ToString() => $"{Minutes} minutes pass";
    }

    private static readonly Gen<int> Tenants = Gen.Int[0, 1];
    private static readonly Gen<string> Pools = Gen.Const("shared").Select(Gen.Bool, (shared, team) => team ? "team" : shared);

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (3, Gen.Select(Tenants, Pools, Gen.Int[1, 30_000_000], Gen.Int[0, 3], Gen.Int[0, 3], Gen.Int[-60, 120], Gen.Int[-30, 30]).Select(Step (t, pool, milli, price, priority, expiry, effective) =>
            new GrantStep(t, pool, milli / 1_000_000m, price * milli / 3_000_000m, 50 + (priority * 10), expiry <= 0 ? null : expiry, Math.Max(effective, 0)))),
        (8, Gen.Select(Tenants, Pools, Gen.Int[1, 9_999], Gen.Int[0, 400]).Select(Step (t, pool, tokens, id) => new UseStep(t, pool, tokens, id))),
        (2, Gen.Select(Tenants, Gen.Int[1, 45]).Select(Step (t, minutes) => new ClockStep(t, minutes))));

    [Fact]
    public Task Any_sequence_equals_the_plain_model_and_keeps_the_invariants() =>
        Steps.Array[20, 80].SampleAsync(RunAsync, iter: 12, threads: 1);

    private async Task RunAsync(Step[] steps)
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var ids = new[] { await portal.AddTenantAsync("t0", "UTC", "team"), await portal.AddTenantAsync("t1", "Asia/Kathmandu", "team") };
        var models = new[] { new PlainWallet(), new PlainWallet() };
        var sent = new Dictionary<(int, int), string>();
        foreach (var step in steps)
        {
            switch (step)
            {
                case GrantStep grant:
                    await GrantAsync(portal, ids[grant.Tenant], models[grant.Tenant], grant);
                    break;
                case UseStep use:
                    if (!sent.TryGetValue((use.Tenant, use.Id), out var body))
                        sent[(use.Tenant, use.Id)] = body = TestPortal.Usage($"t{use.Tenant}", $"#{use.Id}", use.Tokens, at: DateTimeOffset.UtcNow, pool: use.Pool);
                    var answer = (await portal.SendAsync(body))[0];
                    models[use.Tenant].Use($"#{use.Id}", use.Pool, answer.Credits, await NowAsync(portal, ids[use.Tenant]));
                    break;
                case ClockStep clock:
                    await portal.AdvanceAsync(TimeSpan.FromMinutes(clock.Minutes));
                    foreach (var id in ids) await portal.Wallets.SettleAsync(id);
                    for (var t = 0; t < 2; t++) models[t].Settle(await BusinessNowAsync(portal));
                    break;
            }
        }

        for (var t = 0; t < 2; t++) await CompareAsync(portal, ids[t], models[t]);
        var report = await new Reconciliation(portal.Source).RunAsync();
        report.Checks.Where(check => !check.Ok).Select(check => $"{check.Id} {check.Name}: {string.Join("; ", check.Failures)}").ShouldBeEmpty();
    }

    private static async Task GrantAsync(TestPortal portal, long tenant, PlainWallet model, GrantStep step)
    {
        var now = await BusinessNowAsync(portal);
        var granted = await portal.GrantAsync(tenant, step.Credits, Math.Round(step.Value, 9), step.Pool,
            step.ExpiresInMinutes is { } minutes ? now.AddMinutes(minutes + step.EffectiveInMinutes) : null,
            step.EffectiveInMinutes == 0 ? null : now.AddMinutes(step.EffectiveInMinutes), priority: step.Priority);
        model.Grant(granted, step.Pool, granted.CreatedAt);
    }

    private static async Task CompareAsync(TestPortal portal, long tenant, PlainWallet model)
    {
        var found = (
            await portal.BalanceAsync(tenant, "pool:shared"), await portal.BalanceAsync(tenant, "pool:team"), await portal.BalanceAsync(tenant, "debt:shared"),
            await portal.BalanceAsync(tenant, "consumed:llm"), await portal.BalanceAsync(tenant, "expired"),
            await portal.BalanceAsync(tenant, "revenue:usage", "USD"), await portal.BalanceAsync(tenant, "revenue:breakage", "USD"),
            await portal.BalanceAsync(tenant, "deferred:credits", "USD"));
        found.ShouldBe((model.Balance("shared"), model.Balance("team"), -model.Debt, model.Consumed, model.Expired, -model.Revenue, -model.Breakage, -model.Deferred));
    }

    private static async Task<DateTimeOffset> NowAsync(TestPortal portal, long tenant) =>
        new((DateTime)(await portal.ScalarAsync($"select last_posted_at from wallets where tenant_id = {tenant}"))!);

    private static async Task<DateTimeOffset> BusinessNowAsync(TestPortal portal) =>
        new((DateTime)(await portal.ScalarAsync("select clock_timestamp() + clock_offset from platform"))!);
}

using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Revenue;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Wallet;

/// <summary>Holds and allowances as the tests here speak of them.</summary>
internal static class HoldCalls
{
    public static Task<Result<Hold>> HoldAsync(
        this TestPortal portal, long tenant, decimal credits, string? pool = null, string? product = null, string? consumer = null, int seconds = 600) =>
        portal.Wallets.RunAsync(tenant, wallet => Domain.Wallet.Holds.PlaceAsync(
            wallet, new HoldOrder(credits, consumer, pool, product, TimeSpan.FromSeconds(seconds))));

    public static Task<Result<Hold>> ChangeAsync(this TestPortal portal, Hold hold, decimal? credits = null, int? seconds = null) =>
        portal.Wallets.RunAsync(hold.TenantId, wallet => Domain.Wallet.Holds.ChangeAsync(
            wallet, hold.Id, seconds is { } s ? TimeSpan.FromSeconds(s) : null, credits));

    public static Task<Result<Hold>> ReleaseAsync(this TestPortal portal, Hold hold) =>
        portal.Wallets.RunAsync(hold.TenantId, wallet => Domain.Wallet.Holds.ReleaseAsync(wallet, hold.Id));

    public static Task<Result<CaptureAnswer>> CaptureAsync(this TestPortal portal, Hold hold, decimal credits) =>
        portal.CaptureAsync(hold, new CaptureOrder(default, credits));

    public static Task<Result<CaptureAnswer>> CaptureAsync(this TestPortal portal, Hold hold, string usage) =>
        portal.CaptureAsync(hold, new CaptureOrder(Encoding.UTF8.GetBytes(usage)));

    public static Task<Result<(AllowanceStanding Allowance, bool Created)>> AllowAsync(
        this TestPortal portal, long tenant, string consumer, string pool, decimal limit, string period = "month", string mode = "hard") =>
        portal.Wallets.RunAsync(tenant, async wallet =>
        {
            if (!wallet.Directory.Consumers.ContainsKey(consumer)) throw new InvalidOperationException($"Make the consumer {consumer} first.");
            return await AllowanceSettings.PutAsync(wallet, consumer, pool, limit, period, mode);
        });

    public static async Task AddConsumerAsync(this TestPortal portal, long tenant, string key, string? pool = null) =>
        (await portal.Wallets.RunAsync(tenant, wallet => ConsumerSettings.PutAsync(wallet, key, name: null, pool, team: null))).Succeeded.ShouldBeTrue();

    public static async Task<AllowanceStanding> AllowanceAsync(this TestPortal portal, long tenant, string consumer) =>
        (await new TenantReads(portal.Source).RunAsync(tenant, read => AllowanceSettings.ListAsync(read, consumer))).Single();

    public static async Task<BalanceFigures> FiguresAsync(this TestPortal portal, long tenant) =>
        (await new TenantReads(portal.Source).RunAsync(tenant, read => Balances.ReadAsync(read))).Total;

    public static async Task<DateTimeOffset> NowAsync(this TestPortal portal) =>
        new((DateTime)(await portal.ScalarAsync("select clock_timestamp() + clock_offset from platform"))!, TimeSpan.Zero);

    public static Task ShouldReconcileAsync(this TestPortal portal) => portal.Source.ShouldBalanceAsync();

    /// <summary>The refusal's member, such as <c>available</c>.</summary>
    public static decimal Number(this Problem problem, string name) => (decimal)problem.Extensions![name]!;

    private static Task<Result<CaptureAnswer>> CaptureAsync(this TestPortal portal, Hold hold, CaptureOrder order) =>
        portal.Wallets.RunAsync(hold.TenantId, wallet => portal.Services.GetRequiredService<Captures>().CaptureAsync(wallet, hold.Id, order));
}

using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Database.Tests.Properties;

/// <summary>Credits are held: so many, or a share of what could be.</summary>
internal sealed record HoldCommand(int Tenant, string? Consumer, string? Pool, string? Product, decimal Credits, Share? Share, int Seconds) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var pool = scene.Model.PoolOf(Pool, Consumer);
        var credits = pool is null ? Credits : TransferCommand.Of(scene.Model.Holdable(pool, Product, except: null, scene.Clock), Credits, Share);
        var order = new HoldOrder(credits, Consumer, Pool, Product, TimeSpan.FromSeconds(Seconds));
        var placed = await scene.World.Wallets.RunAsync(scene.Id, wallet => Holds.PlaceAsync(wallet, order));
        var sentence = $"{scene} holds {new Usage(Pool, Product ?? "anything", Consumer, credits)} for {Span(Seconds)}";
        return new Step(sentence, Fate(placed), !placed.Succeeded, now =>
        {
            var answer = scene.Model.Hold(Consumer, Pool, Product, credits, Seconds, now);
            if (answer == "ok" && placed.Succeeded) (scene.Model.Holds[^1].Id, scene.Model.Holds[^1].PublicId) = (placed.Value.Id, placed.Value.PublicId);
            return answer;
        });
    }

    /// <summary>What became of it; a refusal says what was available.</summary>
    public static string Fate<T>(Result<T> result, string done = "ok") => result.Problem switch
    {
        null => done,
        { Kind: ProblemKind.PaymentRequired } refusal => string.Create(CultureInfo.InvariantCulture, $"{refusal.Code} {(decimal)refusal.Extensions!["available"]!:0.#########}"),
        var problem => problem.Code,
    };

    /// <summary>One of the last holds, open or not.</summary>
    public static PlainHold? Pick(Scene scene, int which) => scene.Model.Holds.Count == 0 ? null : scene.Model.Holds[^(1 + (which % Math.Min(5, scene.Model.Holds.Count)))];
}

/// <summary>A hold is given another size or another time, or is released.</summary>
internal sealed record ChangeHoldCommand(int Tenant, int Which, decimal? Credits, int? Seconds) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (HoldCommand.Pick(scene, Which) is not { } hold) return new Step($"{scene} has no hold to change", "", Refused: true, _ => "");
        var (credits, ttl) = (Credits, Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null);
        var released = credits is null && ttl is null;
        var result = await scene.World.Wallets.RunAsync(scene.Id, wallet => released
            ? Holds.ReleaseAsync(wallet, hold.Id)
            : Holds.ChangeAsync(wallet, hold.Id, ttl, credits));
        return new Step(
            $"{scene} {(released ? "releases" : "changes")} the {hold.State} hold of {hold.Credits} in {hold.Pool}" + (credits is null ? "" : $" to {credits}") + (ttl is null ? "" : $" for {Span((int)ttl.Value.TotalSeconds)}"),
            HoldCommand.Fate(result),
            !result.Succeeded,
            now => released ? PlainWallet.Release(hold) : scene.Model.Change(hold, credits, Seconds, now));
    }
}

/// <summary>A hold is captured, open or not: by an amount below, at or above what it held, by a new event, or by one that came before.</summary>
internal sealed record CaptureCommand(int Tenant, int Which, int Kind, Usage Usage, int SecondsAgo) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (HoldCommand.Pick(scene, Which) is not { } hold) return new Step($"{scene} has no hold to capture", "", Refused: true, _ => "");
        var at = scene.Clock.AddSeconds(-SecondsAgo);
        var known = scene.Model.Events.LastOrDefault(usage => usage.IsMeasured);
        var (id, body, usage) = Kind switch
        {
            0 => ("", "", Usage with { Credits = hold.Credits, Pool = null, Consumer = null, Product = hold.Product ?? "credits" }),
            1 => ("", "", Usage with { Pool = null, Consumer = null, Product = hold.Product ?? "credits" }),
            2 when known is not null => (known.Id, known.Body, Usage),
            3 when hold.Capture is { } first => ("", first.Body, Usage),
            _ => (scene.World.NextEventId(), "new", Usage),
        };
        if (body.Length == 0) (id, body) = (hold.PublicId, string.Create(CultureInfo.InvariantCulture, $"{usage.Credits:0.000000000}"));
        if (body == "new") body = usage.Body(scene.Key, id, at);
        var order = body.StartsWith('{')
            ? new CaptureOrder(Encoding.UTF8.GetBytes(body))
            : new CaptureOrder(default, decimal.Parse(body, CultureInfo.InvariantCulture));
        var captures = scene.World.Services.GetRequiredService<Captures>();
        var result = await scene.World.Wallets.RunAsync(scene.Id, wallet => captures.CaptureAsync(wallet, hold.Id, order));
        return new Step(
            $"{scene} captures the {hold.State} hold of {hold.Credits} in {hold.Pool} by {(body.StartsWith('{') ? id : body)}{(Kind is 2 or 3 ? "" : $" of {usage}")}",
            result.Problem is { } problem ? problem.Code : string.Create(CultureInfo.InvariantCulture, $"{result.Value.Status} {result.Value.Credits:0.######}, {result.Value.Hold}"),
            !result.Succeeded,
            now => scene.Model.Capture(hold, id, body, usage, body.StartsWith('{') ? at : now, now));
    }
}

/// <summary>A consumer's allowance is set or changed, or removed.</summary>
internal sealed record AllowanceCommand(int Tenant, string Consumer, string Pool, decimal Credits, string? Period, bool Hard) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (Period is null)
        {
            return Step.Of(
                $"{scene} removes the allowance of {Consumer} in {Pool}",
                await scene.World.Wallets.RunAsync(scene.Id, wallet => AllowanceSettings.RemoveAsync(wallet, Consumer, Pool)),
                _ => scene.Model.Disallow(Consumer, Pool));
        }

        return Step.Of(
            $"{scene} allows {Consumer} {Credits} a {Period} in {Pool}{(Hard ? "" : ", softly")}",
            await scene.World.Wallets.RunAsync(scene.Id, wallet => AllowanceSettings.PutAsync(wallet, Consumer, Pool, Credits, Period, Hard ? "hard" : "soft")),
            now => scene.Model.Allow(Consumer, Pool, Credits, Period, Hard, now));
    }
}

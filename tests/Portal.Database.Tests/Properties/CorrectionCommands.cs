using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Corrections;

namespace Portal.Database.Tests.Properties;

/// <summary>Usage is voided: it was wrong, or it never happened at all.</summary>
internal sealed record VoidCommand(int Tenant, int Which, bool Happened) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (Pick(scene, Which) is not { } usage) return new Step($"{scene} has nothing to void", "", Refused: true, _ => "");
        var corrections = scene.World.Services.GetRequiredService<UsageCorrections>();
        return Step.Of(
            $"{scene} voids {usage.Id} of {usage.Credits}{(Happened ? "" : ", which never happened")}",
            await scene.World.Wallets.RunAsync(scene.Id, wallet => corrections.VoidAsync(wallet, usage.Source, usage.Id, "wrong", Happened)),
            now => scene.Model.Void(usage, Happened, now));
    }

    /// <summary>One of the last events.</summary>
    public static PlainEvent? Pick(Scene scene, int which) =>
        scene.Model.Events.Count == 0 ? null : scene.Model.Events[^(1 + (which % Math.Min(12, scene.Model.Events.Count)))];
}

/// <summary>Usage is amended: to another amount, to half of what it was, or to nothing.</summary>
internal sealed record AmendCommand(int Tenant, int Which, decimal Credits, Share? Share) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (VoidCommand.Pick(scene, Which) is not { } usage) return new Step($"{scene} has nothing to amend", "", Refused: true, _ => "");
        var credits = Share switch
        {
            Properties.Share.Half => Math.Round(usage.Credits / 2m, 6),
            Properties.Share.All => 0m,
            Properties.Share.TooMuch => usage.Credits + Credits,
            _ => Credits,
        };
        var data = JsonElement.Parse(string.Create(CultureInfo.InvariantCulture, $$"""{"credits":"{{credits}}"}"""));
        var corrections = scene.World.Services.GetRequiredService<UsageCorrections>();
        return Step.Of(
            $"{scene} amends {usage.Id} from {usage.Credits} to {credits}",
            await scene.World.Wallets.RunAsync(scene.Id, wallet => corrections.AmendAsync(wallet, usage.Source, usage.Id, data, "wrong")),
            now => scene.Model.Amend(usage, credits, now));
    }
}

/// <summary>The platform's setting for credits that come back to a grant that is gone changes, for all tenants.</summary>
internal sealed record RegrantCommand(bool Regrants) : Command(Tenant: 0)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        await scene.World.ExecuteAsync($"update platform set returned_credits = '{(Regrants ? "regrant" : "expire")}'");
        foreach (var other in scene.World.Scenes) other.Model.Regrants = Regrants;
        return new Step($"what comes back to a grant that is gone is to {(Regrants ? "be granted anew" : "expire")}", "", Refused: false, _ => "");
    }
}

using Portal.Domain.Kernel;
using Portal.Domain.Subscriptions;

namespace Portal.Database.Tests.Properties;

/// <summary>A tenant is subscribed to a plan from now on, some with a trial of so many seconds first, some with an anchor of their own.</summary>
internal sealed record SubscribeCommand(int Tenant, PlainPlan Plan, string? Exhaustion, decimal? Cap, int? AnchorDay, int? Trial) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        DateTimeOffset? trialUntil = Trial is { } seconds ? scene.Clock.AddSeconds(seconds) : null;
        var order = new SubscriptionOrder(Plan.Key, AnchorDay: AnchorDay, Exhaustion: Exhaustion, SpendCap: Cap, TrialUntil: trialUntil);
        var made = await scene.World.Wallets.RunAsync(scene.Id, wallet => Subscribing.StartAsync(wallet, order));
        return new Step($"{scene} subscribes to {Plan.Key}, {Exhaustion ?? "block"}{CapText(Cap)}" + (AnchorDay is { } day ? $", anchor {day}" : "") + (trialUntil is { } until ? $", trial until {until:u}" : ""), Fate(made), !made.Succeeded, now =>
        {
            var answer = scene.Model.Subscribe(Plan, Exhaustion, Cap, AnchorDay, trialUntil, now);
            if (answer == "ok" && made.Succeeded) scene.Model.Subscription!.Id = made.Value.Id;
            return answer;
        });
    }

    public static string Fate<T>(Result<T> result) => result.Problem?.Code ?? "ok";

    public static string CapText(decimal? cap) => cap is null ? "" : $", at most {cap} USD";
}

/// <summary>A subscription changes: its policy, its spend cap, its end.</summary>
internal sealed record ChangeSubscriptionCommand(int Tenant, string? Cancel, string? Exhaustion, bool SetsCap, decimal? Cap) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (scene.Model.LastSubscription is not { } subscription) return new Step($"{scene} has no subscription to change", "", Refused: true, _ => "");
        var change = new SubscriptionChange(Cancel, Exhaustion, SetsCap, Cap);
        var changed = await scene.World.Wallets.RunAsync(scene.Id, wallet => SubscriptionChange.MakeAsync(wallet, subscription.Id, change));
        return new Step(
            $"{scene} changes its subscription:" + (Cancel is null ? "" : $" cancel {Cancel}") + (Exhaustion is null ? "" : $" {Exhaustion}")
            + (SetsCap ? Cap is null ? " no cap" : SubscribeCommand.CapText(Cap) : ""),
            SubscribeCommand.Fate(changed),
            !changed.Succeeded,
            _ => scene.Model.Change(subscription, Cancel, Exhaustion, SetsCap, Cap));
    }
}

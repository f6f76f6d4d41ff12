using Portal.Domain.Tenants;

namespace Portal.Database.Tests.Properties;

/// <summary>How much of what there is.</summary>
internal enum Share
{
    Half,
    All,
    TooMuch,
}

/// <summary>Credits move from one pool to another: so many, or a share of what the source has.</summary>
internal sealed record TransferCommand(int Tenant, string From, string To, decimal Credits, Share? Share) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var credits = Of(scene.Model.Available(From, scene.Clock), Credits, Share);
        var moved = await scene.World.Wallets.RunAsync(scene.Id, wallet => PoolTransfers.MoveAsync(wallet, From, To, credits));
        return Step.Of($"{scene} moves {credits} from {From} to {To}", moved, now =>
        {
            var answer = scene.Model.Transfer(From, To, credits, now);
            if (answer == "ok" && moved.Succeeded) scene.Model.Transfers[^1].TransactionId = moved.Value.TransactionId;
            return answer;
        });
    }

    /// <summary>An amount, or a share of what is available when there is any.</summary>
    public static decimal Of(decimal available, decimal credits, Share? share) => share switch
    {
        Properties.Share.Half when available > 0m => Math.Round(available / 2m, 6, MidpointRounding.ToPositiveInfinity),
        Properties.Share.All when available > 0m => available,
        Properties.Share.TooMuch => available + 0.000000001m,
        _ => credits,
    };
}

/// <summary>A transfer is taken back as far as it is still there.</summary>
internal sealed record UndoTransferCommand(int Tenant, int Which) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var done = scene.Model.Transfers.Where(transfer => transfer.TransactionId is not null).ToArray();
        if (done.Length == 0) return new Step($"{scene} has no transfer to undo", "", Refused: true, _ => "");
        var transfer = done[^(1 + (Which % done.Length))];
        var undone = await scene.World.Wallets.RunAsync(scene.Id, wallet => PoolTransfers.UndoAsync(wallet, transfer.TransactionId!.Value));
        return Step.Of($"{scene} undoes a transfer of {transfer.Grants.Sum(grant => grant.Amount)} from {transfer.From} to {transfer.To}", undone, now => scene.Model.Undo(transfer, now));
    }
}

/// <summary>A pool is opened, or changed when there is one.</summary>
internal sealed record PoolCommand(int Tenant, string Pool, bool Overflows, bool Change) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var overflow = Overflows ? "shared" : "deny";
        var result = await scene.World.Wallets.RunAsync(scene.Id, wallet => Change
            ? PoolSettings.ChangeAsync(wallet, Pool, name: null, overflow)
            : PoolSettings.OpenAsync(wallet, Pool, Pool, "team", overflow));
        return Step.Of($"{scene} {(Change ? "changes" : "opens")} pool {Pool} with overflow {overflow}", result,
            _ => Change ? scene.Model.Change(Pool, Overflows) : scene.Model.Open(Pool, Overflows));
    }
}

/// <summary>A pool is closed.</summary>
internal sealed record ClosePoolCommand(int Tenant, string Pool) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene) => Step.Of(
        $"{scene} closes pool {Pool}",
        await scene.World.Wallets.RunAsync(scene.Id, wallet => PoolSettings.CloseAsync(wallet, Pool)),
        now => scene.Model.Close(Pool, now));
}

using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>What a new hold is to be.</summary>
/// <param name="Credits">0 or more, at most nine decimal places.</param>
/// <param name="Consumer">Key of the consumer that it is for; one that is not known yet is made.</param>
/// <param name="Pool">Key of the pool; default the consumer's, its team's, else the shared one.</param>
/// <param name="Product">Product that will be used; null: only unrestricted grants serve it.</param>
/// <param name="Ttl">How long it lasts unless it is captured or released: 1 second to 7 days.</param>
/// <param name="Money">Money that the work would accrue besides, in the tenant's currency: it counts against the spend cap.</param>
/// <param name="Team">Key of the team whose pool serves when neither the pool is named nor the consumer has one; default the consumer's.</param>
public sealed record HoldOrder(
    decimal Credits, string? Consumer = null, string? Pool = null, string? Product = null, TimeSpan? Ttl = null, decimal Money = 0m, string? Team = null)
{
    /// <summary>What its credits are of: the meter that would measure the estimated event, and what it would measure; null: credits were named.</summary>
    public (string Meter, decimal Quantity)? Measured { get; init; }
}

/// <summary>Commands that reserve credits for work in progress.</summary>
public static class Holds
{
    /// <summary>How long a hold lasts when nothing else is said.</summary>
    public static readonly TimeSpan DefaultTtl = TimeSpan.FromMinutes(10);

    /// <summary>The shortest and the longest that a hold may last.</summary>
    public static readonly TimeSpan ShortestTtl = TimeSpan.FromSeconds(1), LongestTtl = TimeSpan.FromDays(7);

    /// <summary>
    /// Reserves credits: all of them, or none. Refuses <c>invalid_credits</c>, <c>invalid_ttl</c>, <c>invalid_consumer</c>, <c>unknown_pool</c>,
    /// <c>pool_closed</c>, <c>unknown_product</c>, <c>tenant_suspended</c>; and, with the limit, what was asked for and what is available,
    /// <c>insufficient_credits</c>, <c>allowance_exceeded</c>, <c>spend_cap_reached</c>. A hold of 0 passes every limit.
    /// </summary>
    public static async Task<Result<Hold>> PlaceAsync(WalletTransaction wallet, HoldOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(order);
        var ttl = order.Ttl ?? DefaultTtl;
        if ((CheckCredits(order.Credits) ?? CheckTtl(ttl) ?? CheckConsumer(order.Consumer)) is { } invalid) return invalid;
        var consumer = order.Consumer is null ? null : wallet.Directory.Consumers.GetValueOrDefault(order.Consumer);
        var found = PoolOf(wallet, order, consumer);
        if (!found.Succeeded) return found.Problem!;
        if (order.Product is not null && await ProductIsUnknownAsync(wallet, order.Product, cancellationToken))
            return Problem.Field("product", "unknown_product", $"There is no product '{order.Product}'.");
        var limits = new HoldLimits(wallet, found.Value, consumer, order.Product, new Overdraw(order.Measured?.Meter, order.Credits, order.Measured?.Quantity ?? 0m), order.Money, except: null);
        if (await limits.CheckAsync(cancellationToken) is { } refusal) return refusal;

        var consumerId = order.Consumer is null ? (int?)null : consumer?.Id ?? await NameAsync(wallet, order.Consumer, cancellationToken);
        var hold = new Hold(
            wallet.TenantId, Uuid7.At(wallet.Now), found.Value.Id, found.Value.Key, order.Consumer, order.Product, order.Credits, order.Money,
            HoldState.Open, wallet.Now, wallet.Now + ttl, ClosedAt: null, Capture: null);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(
            """
            insert into holds (tenant_id, id, pool_id, consumer_id, product, amount, money, state, created_at, expires_at, meter, quantity)
            values ($1, $2, $3, nullif($4, 0), nullif($5, ''), $6, $7, 'open', $8, $9, nullif($10, ''), $11)
            """,
            hold.TenantId, hold.Id, hold.PoolId, consumerId ?? 0, hold.Product ?? "", hold.Credits, hold.Money, hold.CreatedAt, hold.ExpiresAt,
            order.Measured?.Meter ?? "", order.Measured?.Quantity ?? 0m);
        AddHeld(batch, hold, hold.Credits);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        wallet.Wallet.DueNoLaterThan(hold.ExpiresAt);
        return hold;
    }

    /// <summary>
    /// Lets an open hold last another time from now on, or gives it other credits; null leaves as it is. Growing is checked like a new hold
    /// of the new size. Refuses as placing does, and <c>unknown_hold</c>, <c>hold_captured</c>, <c>hold_released</c>, <c>hold_expired</c>.
    /// </summary>
    public static async Task<Result<Hold>> ChangeAsync(
        WalletTransaction wallet, Guid id, TimeSpan? ttl, decimal? credits, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (((credits is { } amount ? CheckCredits(amount) : null) ?? (ttl is { } time ? CheckTtl(time) : null)) is { } invalid) return invalid;
        if (await Hold.FindAsync(wallet.Connection, wallet.TenantId, id, cancellationToken) is not { } hold) return Unknown;
        if (hold.State != HoldState.Open) return Closed(hold);
        // What is held of a meter grows and shrinks with the credits.
        var quantity = hold.Credits == 0m ? hold.Quantity : Math.Round(hold.Quantity / hold.Credits * (credits ?? hold.Credits), 9, MidpointRounding.ToEven);
        var changed = hold with { Credits = credits ?? hold.Credits, Quantity = quantity, ExpiresAt = ttl is { } more ? wallet.Now + more : hold.ExpiresAt };
        if (changed.Credits > hold.Credits)
        {
            var consumer = hold.Consumer is null ? null : wallet.Directory.Consumers[hold.Consumer];
            var limits = new HoldLimits(wallet, wallet.Directory.PoolsById[hold.PoolId], consumer, hold.Product, new Overdraw(hold.Meter, changed.Credits, quantity), hold.Money, except: id);
            if (await limits.CheckAsync(cancellationToken) is { } refusal) return refusal;
        }

        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add("update holds set amount = $3, expires_at = $4, quantity = $5 where tenant_id = $1 and id = $2", hold.TenantId, hold.Id, changed.Credits, changed.ExpiresAt, quantity);
        AddHeld(batch, hold, changed.Credits - hold.Credits);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        wallet.Wallet.DueNoLaterThan(changed.ExpiresAt);
        return changed;
    }

    /// <summary>
    /// Releases a hold: its credits are free, and a later capture is refused. Released again it changes nothing. Refuses
    /// <c>unknown_hold</c>, <c>hold_captured</c>.
    /// </summary>
    public static async Task<Result<Hold>> ReleaseAsync(WalletTransaction wallet, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (await Hold.FindAsync(wallet.Connection, wallet.TenantId, id, cancellationToken) is not { } hold) return Unknown;
        return hold.State switch
        {
            HoldState.Released => hold,
            HoldState.Captured => Closed(hold),
            _ => await CloseAsync(wallet, hold, HoldState.Released, capture: null, cancellationToken),
        };
    }

    /// <summary>Ends a hold that is open or has expired, and frees what it held.</summary>
    /// <param name="wallet">The wallet, locked.</param>
    /// <param name="hold">As it is under the lock.</param>
    /// <param name="state">What it becomes: <c>captured</c> or <c>released</c>.</param>
    /// <param name="capture">The capture that ends it; null when none does.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    internal static async Task<Hold> CloseAsync(WalletTransaction wallet, Hold hold, string state, HoldCapture? capture, CancellationToken cancellationToken)
    {
        var closed = hold with { State = state, ClosedAt = hold.ClosedAt ?? wallet.Now, Capture = capture };
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        var update = new NpgsqlBatchCommand(
            "update holds set state = $3, closed_at = $4, capture_key = $5, capture_digest = $6, answer = $7 where tenant_id = $1 and id = $2");
        foreach (var value in new object[] { hold.TenantId, hold.Id, state, closed.ClosedAt }) update.Parameters.Add(Columns.Parameter(value));
        update.Parameters.Add(new NpgsqlParameter { Value = (object?)capture?.Key ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        update.Parameters.Add(new NpgsqlParameter { Value = (object?)capture?.Digest ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Bigint });
        update.Parameters.Add(new NpgsqlParameter
        {
            Value = capture is null ? DBNull.Value : JsonSerializer.Serialize(capture.Answer),
            NpgsqlDbType = NpgsqlDbType.Jsonb,
        });
        batch.BatchCommands.Add(update);
        if (hold.State == HoldState.Open) AddHeld(batch, hold, -hold.Credits);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return closed;
    }

    /// <summary>There is no hold of that id.</summary>
    internal static Problem Unknown => Problem.NotFound("unknown_hold", "There is no such hold.");

    /// <summary>Why a hold that is not open refuses: <c>hold_captured</c>, <c>hold_released</c>, <c>hold_expired</c>.</summary>
    internal static Problem Closed(Hold hold) => Problem.Conflict("hold_" + hold.State, hold.State switch
    {
        HoldState.Captured => "The hold has been captured.",
        HoldState.Released => "The hold has been released.",
        _ => "The hold has expired.",
    });

    private static Problem? CheckCredits(decimal credits) =>
        credits < 0m || credits > Credits.Limit || !Credits.HasAtMostNinePlaces(credits)
            ? Problem.Field("credits", "invalid_credits", "Credits must be 0 or more, with at most nine decimal places.")
            : null;

    private static Problem? CheckTtl(TimeSpan ttl) =>
        ttl < ShortestTtl || ttl > LongestTtl ? Problem.Field("ttl_seconds", "invalid_ttl", "A hold lasts 1 second to 7 days (604800 seconds).") : null;

    private static Problem? CheckConsumer(string? consumer) =>
        consumer is not null && (consumer.Length is 0 or > 200 || consumer.Any(char.IsControl))
            ? Problem.Field("consumer", "invalid_consumer", "A consumer's key is 1 to 200 characters, without control characters.")
            : null;

    private static Result<Pool> PoolOf(WalletTransaction wallet, HoldOrder order, Consumer? consumer)
    {
        var directory = wallet.Directory;
        if (order.Pool is not null && !directory.Pools.ContainsKey(order.Pool)) return Problem.Field("pool", "unknown_pool", $"There is no pool '{order.Pool}'.");
        var team = order.Team is null ? consumer?.TeamAt(wallet.Now) ?? 0 : directory.Teams.GetValueOrDefault(order.Team)?.Id ?? 0;
        return directory.PoolFor(order.Pool, consumer, team) is { } pool ? pool : Problem.Field("pool", "pool_closed", $"The pool '{order.Pool}' is closed.");
    }

    private static async Task<bool> ProductIsUnknownAsync(WalletTransaction wallet, string product, CancellationToken cancellationToken)
    {
        await using var command = wallet.Command("select 1 from products where key = $1", product);
        return await command.ExecuteScalarAsync(cancellationToken) is null;
    }

    // As usage does: a consumer that nobody has named before is made.
    private static async Task<int> NameAsync(WalletTransaction wallet, string key, CancellationToken cancellationToken)
    {
        var id = wallet.Directory.Consumers.Values.Select(consumer => consumer.Id).DefaultIfEmpty(0).Max() + 1;
        await wallet.ExecuteAsync(
            "insert into consumers (tenant_id, consumer_id, key, created_at) values ($1, $2, $3, $4)", cancellationToken, wallet.TenantId, id, key, wallet.Now);
        wallet.ConfigurationChanged();
        return id;
    }

    private static void AddHeld(NpgsqlBatch batch, Hold hold, decimal credits)
    {
        if (credits != 0m)
            batch.Add("update pools set held = held + $3 where tenant_id = $1 and pool_id = $2", hold.TenantId, hold.PoolId, credits);
    }
}

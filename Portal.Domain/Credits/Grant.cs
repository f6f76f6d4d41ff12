using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>Where a grant came from (domain.md §4).</summary>
public static class GrantSource
{
    public const string Purchase = "purchase", Plan = "plan", Promotion = "promotion", Rollover = "rollover", Commit = "commit",
        Adjustment = "adjustment", Refund = "refund";

    /// <summary>All sources.</summary>
    public static readonly IReadOnlyList<string> All = [Purchase, Plan, Promotion, Rollover, Commit, Adjustment, Refund];

    /// <summary>Sources whose credits were not paid for: a value is refused.</summary>
    public static bool IsWithoutValue(string source) => source is Promotion or Adjustment;
}

/// <summary>A lot of credits. All but <see cref="Remaining"/>, <see cref="Open"/> and <see cref="RolledAt"/> is as it was granted.</summary>
public sealed class Grant
{
    /// <summary>The priority of grants that nothing else is said of.</summary>
    public const short DefaultPriority = 50;

    /// <summary>Whose it is.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>The pool that holds it.</summary>
    public required int PoolId { get; init; }

    /// <summary>One of <see cref="GrantSource"/>.</summary>
    public required string Source { get; init; }

    /// <summary>Credits granted, above 0.</summary>
    public required decimal Amount { get; init; }

    /// <summary>Credits left, 0 to <see cref="Amount"/>.</summary>
    public required decimal Remaining { get; set; }

    /// <summary>Money paid for the whole of it, net of tax and discount, nine places; 0 for promotional credits.</summary>
    public required decimal Value { get; init; }

    /// <summary>Currency of <see cref="Value"/>.</summary>
    public required string Currency { get; init; }

    /// <summary>0 (drawn first) to 255.</summary>
    public short Priority { get; init; } = DefaultPriority;

    /// <summary>Products it may be drawn for; null is any.</summary>
    public string[]? Products { get; init; }

    /// <summary>Drawn from this instant on.</summary>
    public required DateTimeOffset EffectiveAt { get; init; }

    /// <summary>Not spendable from this instant on; null is never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>False once nothing can be drawn: empty, expired or closed.</summary>
    public bool Open { get; set; } = true;

    /// <summary>The grant that this one was split, rolled or restored from, or whose bonus it is.</summary>
    public Guid? ParentId { get; init; }

    /// <summary>How it descends from its parent: <c>split</c>, <c>rolled</c>, <c>transferred</c>, <c>restored</c>, <c>bonus</c>; <c>merged</c> from another tenant's, which <see cref="Reference"/> names.</summary>
    public string? Lineage { get; init; }

    /// <summary>How often its credits rolled over.</summary>
    public short RollCount { get; init; }

    /// <summary>The renewal that took what it had left, to roll on or to expire; null: none did, and credits may still come back to it.</summary>
    public DateTimeOffset? RolledAt { get; internal set; }

    /// <summary>Public id of the cause, such as a checkout's.</summary>
    public string? Reference { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Reason { get; init; }

    /// <summary>When the ledger took it.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>A grant that takes over credits of this one, on its terms.</summary>
    /// <param name="rolled">True when they roll over, false when they move to another pool.</param>
    /// <param name="credits">Above 0.</param>
    /// <param name="value">What left this one with them.</param>
    /// <param name="poolId">The pool that holds it.</param>
    /// <param name="effectiveAt">Drawn from then on.</param>
    /// <param name="expiresAt">Not spendable from then on; null is never.</param>
    /// <param name="now">When the ledger takes it.</param>
    internal Grant Successor(
        bool rolled, decimal credits, decimal value, int poolId, DateTimeOffset effectiveAt, DateTimeOffset? expiresAt, DateTimeOffset now) => new()
        {
            TenantId = TenantId,
            Id = Uuid7.At(now),
            PoolId = poolId,
            Source = rolled ? GrantSource.Rollover : Source,
            Amount = credits,
            Remaining = credits,
            Value = value,
            Currency = Currency,
            Priority = Priority,
            Products = Products,
            EffectiveAt = effectiveAt,
            ExpiresAt = expiresAt,
            ParentId = Id,
            Lineage = rolled ? "rolled" : "transferred",
            RollCount = (short)(RollCount + (rolled ? 1 : 0)),
            Reference = Reference,
            Reason = Reason,
            CreatedAt = now,
        };

    /// <summary>Money that the credits left still stand for: <c>round(value × remaining / amount, 9)</c>.</summary>
    public decimal ValueLeft => GrantValue.Left(Value, Remaining, Amount);

    /// <summary>True when it may be drawn at that instant, for that product (null: usage that names none).</summary>
    public bool CanServe(string? product, DateTimeOffset now) =>
        Remaining > 0m && IsLive(now) && (Products is null || (product is not null && Array.IndexOf(Products, product) >= 0));

    /// <summary>Effective and not expired; the instant of expiry itself is outside.</summary>
    public bool IsLive(DateTimeOffset now) => EffectiveAt <= now && (ExpiresAt is null || ExpiresAt > now);
}

internal sealed class GrantConfiguration : IEntityTypeConfiguration<Grant>
{
    public void Configure(EntityTypeBuilder<Grant> builder)
    {
        builder.ToTable("grants").HasKey(grant => new { grant.TenantId, grant.Id });
        builder.Ignore(grant => grant.ValueLeft);
    }
}

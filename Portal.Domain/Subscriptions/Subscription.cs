using System.Text.Json;
using Npgsql;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Subscriptions;

/// <summary>States of a subscription that arise so far (domain.md §8).</summary>
public static class SubscriptionState
{
    /// <summary>Credits cost nothing until the trial ends.</summary>
    public const string Trialing = "trialing";

    /// <summary>Runs, or will from its start on.</summary>
    public const string Active = "active";

    /// <summary>An invoice could not be collected, and is tried again. Everything goes on.</summary>
    public const string PastDue = "past_due";

    /// <summary>The last try failed: holds and purchases are refused until it is paid. Usage is recorded, periods go on.</summary>
    public const string Suspended = "suspended";

    /// <summary>No period runs until it is resumed; credits stay until they expire.</summary>
    public const string Paused = "paused";

    /// <summary>Ended for good.</summary>
    public const string Cancelled = "cancelled";
}

/// <summary>The billing period of a subscription that runs.</summary>
/// <param name="Number">From 0.</param>
/// <param name="StartsAt">Its begin.</param>
/// <param name="EndsAt">Its end, which is outside.</param>
/// <param name="Zone">The tenant's zone when it began; a change of zone takes effect at the next one.</param>
public sealed record SubscriptionPeriod(int Number, DateTimeOffset StartsAt, DateTimeOffset EndsAt, string Zone);

/// <summary>A plan as one tenant has it.</summary>
public sealed record Subscription
{
    /// <summary>Whose it is.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>Key of the plan.</summary>
    public required string Plan { get; init; }

    /// <summary>The version that was sold.</summary>
    public required int PlanVersion { get; init; }

    /// <summary>One of <see cref="SubscriptionState"/>.</summary>
    public required string State { get; init; }

    /// <summary>When it starts.</summary>
    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>The tenant's zone when it was made.</summary>
    public required string StartZone { get; init; }

    /// <summary>Day of the month on which periods begin, 1 to 31; clamped in shorter months.</summary>
    public required int AnchorDay { get; init; }

    /// <summary>When the trial ends and the first billing period begins; null for no trial.</summary>
    public DateTimeOffset? TrialUntil { get; init; }

    /// <summary>Of a plan whose prices include tax: the percentage that they are netted with in the period that runs; null: they are net.</summary>
    public decimal? TaxPercent { get; init; }

    /// <summary><c>block</c> or <c>overage</c>.</summary>
    public required string Exhaustion { get; init; }

    /// <summary>Most money that a billing period may accrue; null for no limit.</summary>
    public decimal? SpendCap { get; init; }

    /// <summary>Of the cap and all it is sold at.</summary>
    public required string Currency { get; init; }

    /// <summary>The billing period that runs; null before the first, and once it ended.</summary>
    public SubscriptionPeriod? Period { get; init; }

    /// <summary>Instants up to this one have been done; null for none.</summary>
    public DateTimeOffset? SettledUntil { get; init; }

    /// <summary>When it will end; null: it goes on.</summary>
    public DateTimeOffset? CancelAt { get; init; }

    /// <summary>The end of a period at which it pauses, or did; null: it goes on.</summary>
    public DateTimeOffset? PauseAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? CancelledAt { get; init; }

    /// <summary>Where anniversaries are counted from, when that is not where billing started: a period of another length began.</summary>
    public DateTimeOffset? CalendarStartsAt { get; init; }

    /// <summary>Number of the period that begins there.</summary>
    public int CalendarNumber { get; init; }

    /// <summary>The plan from the next period on; null: this one goes on.</summary>
    public (string Key, int Version)? Next { get; init; }

    /// <summary>Seats, by the plan's item.</summary>
    public IReadOnlyDictionary<string, decimal> Quantities { get; init; } = new Dictionary<string, decimal>(StringComparer.Ordinal);

    /// <summary>What was agreed besides the plan; null without a contract.</summary>
    public Contracts.ContractDefinition? Contract { get; init; }

    /// <summary>Coupons that were redeemed for it, the oldest first; no two cover one period.</summary>
    public IReadOnlyList<AppliedCoupon> Coupons { get; init; } = [];

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the first billing period begins: after the trial.</summary>
    public DateTimeOffset BillingStartsAt => TrialUntil ?? StartsAt;

    /// <summary>The coupon that covers a billing period; null for none.</summary>
    public Coupon? CouponOf(int period) => Coupons.FirstOrDefault(coupon => coupon.Covers(period))?.Coupon;

    /// <summary>The same with anniversaries counted from an instant, at which the period of that number begins.</summary>
    internal Subscription From(DateTimeOffset at, int number) => this with { CalendarStartsAt = at, CalendarNumber = number };

    /// <summary>Its id as the API shows it.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Subscription, TenantId, Id);

    internal const string Columns =
        "s.tenant_id, s.id, s.plan, s.plan_version, s.state, s.starts_at, s.start_zone, s.anchor_day, s.trial_until, s.exhaustion, s.spend_cap, "
        + "s.currency::text, s.period_number, s.period_starts_at, s.period_ends_at, s.period_zone, s.settled_until, s.cancel_at, s.cancelled_at, s.created_at, s.quantities::text, "
        + "s.calendar_starts_at, s.calendar_number, s.next_plan, s.next_plan_version, "
        + "(select c.definition::text from contracts c where c.tenant_id = s.tenant_id and c.subscription_id = s.id), s.pause_at, "
        + "(select json_agg(json_build_object('key', r.coupon, 'from', r.from_period, 'definition', r.definition) order by r.id)::text "
        + "from coupon_redemptions r where r.tenant_id = s.tenant_id and r.subscription_id = s.id), s.tax_percent";

    internal static Subscription Read(NpgsqlDataReader row) => new()
    {
        TenantId = row.GetInt64(0),
        Id = row.GetGuid(1),
        Plan = row.GetString(2),
        PlanVersion = row.GetInt32(3),
        State = row.GetString(4),
        StartsAt = row.GetFieldValue<DateTimeOffset>(5),
        StartZone = row.GetString(6),
        AnchorDay = row.GetInt16(7),
        TrialUntil = row.Nullable<DateTimeOffset?>(8),
        Exhaustion = row.GetString(9),
        SpendCap = row.Nullable<decimal?>(10),
        Currency = row.GetString(11),
        Period = row.IsDBNull(12)
            ? null
            : new SubscriptionPeriod(row.GetInt32(12), row.GetFieldValue<DateTimeOffset>(13), row.GetFieldValue<DateTimeOffset>(14), row.GetString(15)),
        SettledUntil = row.Nullable<DateTimeOffset?>(16),
        CancelAt = row.Nullable<DateTimeOffset?>(17),
        CancelledAt = row.Nullable<DateTimeOffset?>(18),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(19),
        CalendarStartsAt = row.Nullable<DateTimeOffset?>(21),
        CalendarNumber = row.GetInt32(22),
        Next = row.IsDBNull(23) ? null : (row.GetString(23), row.GetInt32(24)),
        Quantities = JsonSerializer.Deserialize<Dictionary<string, decimal>>(row.GetString(20), PortalJson.Options)!,
        PauseAt = row.Nullable<DateTimeOffset?>(26),
        Coupons = AppliedCoupon.Read(row.Nullable<string>(27)),
        TaxPercent = row.Nullable<decimal?>(28),
        Contract = row.Nullable<string>(25) is { } contract ? JsonSerializer.Deserialize<Contracts.ContractDefinition>(contract, PortalJson.Options) : null,
    };
}

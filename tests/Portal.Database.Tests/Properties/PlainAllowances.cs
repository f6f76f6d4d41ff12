namespace Portal.Database.Tests.Properties;

/// <summary>A limit on what a consumer draws through a pool.</summary>
internal sealed record PlainAllowance(string Consumer, string Pool, decimal Credits, string Period, bool Hard, DateTimeOffset Since);

/// <summary>Allowances: what counts is looked up in the events whenever somebody asks.</summary>
internal sealed partial class PlainWallet
{
    public List<PlainAllowance> Allowances { get; } = [];

    public string Allow(string consumer, string pool, decimal credits, string period, bool hard, DateTimeOffset now)
    {
        if (Trouble(pool) is { } trouble) return trouble;
        var known = Allowances.Find(allowance => allowance.Consumer == consumer && allowance.Pool == pool);
        if (known is not null) Allowances.Remove(known);
        Allowances.Add(new PlainAllowance(consumer, pool, credits, period, hard, known?.Since ?? now));
        return "ok";
    }

    public string Disallow(string consumer, string pool)
    {
        if (Find(pool) is null) return "unknown_pool";
        return Allowances.RemoveAll(allowance => allowance.Consumer == consumer && allowance.Pool == pool) > 0 ? "ok" : "unknown_allowance";
    }

    /// <summary>What its consumer drew through its pool in the period of now, since it was made.</summary>
    public decimal Used(PlainAllowance allowance, DateTimeOffset now) =>
        Math.Max(0m, Used(allowance.Consumer, allowance.Pool, allowance.Period, PlainCalendar.PeriodStart(allowance.Period, now, zone)));

    /// <summary>What counts against an allowance in a period that begins at that instant; nothing without an allowance.</summary>
    public decimal Used(string consumer, string pool, string period, DateTimeOffset start) =>
        Allowances.Find(allowance => allowance.Consumer == consumer && allowance.Pool == pool) is not { } limit ? 0m : Events
            .Where(usage => usage.Consumer == consumer && usage.Pool == pool && usage.OccurredAt >= limit.Since && usage.PostedAt >= limit.Since
                && PlainCalendar.PeriodStart(period, usage.OccurredAt, zone) == start)
            .Sum(usage => usage.Credits);
}

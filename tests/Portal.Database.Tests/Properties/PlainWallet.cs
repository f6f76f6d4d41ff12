namespace Portal.Database.Tests.Properties;

/// <summary>
/// A wallet as slow and plain as can be, written from domain.md and not from the engine: grants, debts and events in lists, books in a
/// dictionary, one command after another. Commands answer <c>ok</c> or the code of the refusal, and when they refuse they have changed nothing.
/// </summary>
internal sealed partial class PlainWallet(TimeZoneInfo zone)
{
    private const string Shared = "shared", Currency = "USD";
    private readonly List<PlainGrant> grants = [];
    private DateTimeOffset settled = DateTimeOffset.MinValue;

    /// <summary>Balances by unit and account, debits positive; what is 0 is there or not.</summary>
    public Dictionary<string, decimal> Books { get; } = new(StringComparer.Ordinal);

    public IReadOnlyList<PlainGrant> Grants => grants;

    public List<PlainPool> Pools { get; } = [new(Shared, overflows: false), new("team", overflows: true), new("solo", overflows: false)];

    public TimeZoneInfo Zone => zone;

    public string Grant(
        string pool, decimal credits, decimal value, string source, int priority, string[]? products, DateTimeOffset? from, DateTimeOffset? until, DateTimeOffset now)
    {
        if (credits <= 0m) return "invalid_credits";
        if (Trouble(pool) is { } trouble) return trouble;
        if (value > 0m && source != "purchase") return "value_not_allowed";
        if (until <= (from ?? now) || until <= now) return "invalid_validity";
        Issue("issued", "external:api", New(pool, source, credits, value, priority, products, from ?? now, until));
        SettleDebts(now);
        return "ok";
    }

    /// <summary>A pack bought and paid; the price is spread over credits and bonus.</summary>
    public string Buy(string pool, PackForSale pack, DateTimeOffset? until, DateTimeOffset now)
    {
        var extra = Math.Round(pack.Price * pack.Bonus / (pack.Credits + pack.Bonus), 9);
        var sold = New(pool, "purchase", pack.Credits, pack.Price - extra, 50, products: null, now, until);
        Issue("issued", "receivable", sold);
        if (pack.Bonus > 0m) Issue("issued", "receivable", New(pool, "purchase", pack.Bonus, extra, 50, products: null, now, until, sold));
        Book(Currency, "receivable", "tax_payable", pack.Tax);
        Book(Currency, Cash, "receivable", pack.Price + pack.Tax);
        Sales.Add(new PlainSale { Root = sold, Credits = pack.Credits + pack.Bonus, Net = pack.Price, Tax = pack.Tax, IsPaid = true });
        SettleDebts(now);
        return "ok";
    }

    /// <summary>True when something falls due by then that has not been done.</summary>
    public bool IsDue(DateTimeOffset now) => NextDue(now) is not null;

    /// <summary>Everything due up to an instant, in the order of domain.md §4.</summary>
    public void Settle(DateTimeOffset now)
    {
        while (NextDue(now) is { } instant)
        {
            ExpireHolds(instant);
            CloseMonth(instant);
            foreach (var grant in grants.Where(grant => grant.ExpiresAt <= instant && grant.Remaining > 0m).ToArray()) Expire(grant);
            OpenMonth(instant);
            settled = instant;
            SettleDebts(instant);
        }

        settled = now;
    }

    private DateTimeOffset? NextDue(DateTimeOffset now)
    {
        var instants = grants.SelectMany(grant => new[] { grant.EffectiveAt, grant.ExpiresAt ?? DateTimeOffset.MaxValue }).Concat(HoldExpiries).Concat(Renewals)
            .Where(instant => instant > settled && instant <= now).ToArray();
        return instants.Length == 0 ? null : instants.Min();
    }

    private void Expire(PlainGrant grant)
    {
        var credits = grant.Remaining;
        Move($"pool:{grant.Pool}", "expired", credits);
        Book(Currency, "deferred:credits", "revenue:breakage", Take(grant, credits));
    }

    /// <summary>Why a pool cannot be named, or null.</summary>
    public string? Trouble(string pool) => Find(pool) is not { } found ? "unknown_pool" : found.Closed ? "pool_closed" : null;

    private PlainPool? Find(string key) => Pools.Find(pool => pool.Key == key);

    /// <summary>The grants of a pool that may be drawn now, in burn order.</summary>
    private IEnumerable<PlainGrant> InOrder(string pool, string? product, DateTimeOffset now, bool any = false) =>
        InBurnOrder(grants.Where(grant => grant.Pool == pool && grant.Remaining > 0m && grant.IsLive(now) && (any || grant.Matches(product))));

    /// <summary>The burn order of domain.md §4.</summary>
    private static IEnumerable<PlainGrant> InBurnOrder(IEnumerable<PlainGrant> some) => some
        .OrderBy(grant => grant.Priority)
        .ThenBy(grant => grant.Products is null ? 1 : 0)
        .ThenBy(grant => grant.ExpiresAt ?? DateTimeOffset.MaxValue)
        .ThenBy(grant => grant.Value / grant.Amount)
        .ThenBy(grant => grant.EffectiveAt)
        .ThenBy(grant => grant.Id?.ToString() ?? "~", StringComparer.Ordinal);

    private static PlainGrant New(
        string pool, string source, decimal credits, decimal value, int priority, string[]? products, DateTimeOffset from, DateTimeOffset? until,
        PlainGrant? parent = null, int rolls = 0) => new()
        {
            Pool = pool,
            Source = source,
            Amount = credits,
            Remaining = credits,
            Value = value,
            Priority = priority,
            Products = products,
            EffectiveAt = from,
            ExpiresAt = until,
            Parent = parent,
            RollCount = rolls,
        };

    /// <summary>Adds a grant whose credits and value come from these accounts.</summary>
    private void Issue(string credits, string money, PlainGrant grant)
    {
        grants.Add(grant);
        Move(credits, $"pool:{grant.Pool}", grant.Amount);
        Book(Currency, money, "deferred:credits", grant.Value);
    }

    /// <summary>Takes credits and answers the value that went with them.</summary>
    private static decimal Take(PlainGrant grant, decimal credits)
    {
        var before = grant.ValueLeft;
        grant.Remaining -= credits;
        return before - grant.ValueLeft;
    }

    private void Move(string from, string to, decimal credits) => Book("CREDIT", to, from, credits);

    private void Book(string unit, string debit, string credit, decimal amount)
    {
        Books[$"{unit} {debit}"] = Books.GetValueOrDefault($"{unit} {debit}") + amount;
        Books[$"{unit} {credit}"] = Books.GetValueOrDefault($"{unit} {credit}") - amount;
    }
}

using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>What a piece of usage was drawn from.</summary>
public enum PieceKind
{
    /// <summary>A grant.</summary>
    Grant,

    /// <summary>Beyond the grants, policy <c>block</c> or beyond the spend cap: settled by the next matching grants.</summary>
    Debt,

    /// <summary>Beyond the grants, policy <c>overage</c>: sold at the plan's price, settled by an invoice.</summary>
    Overage,
}

/// <summary>A part of a rating: what it was drawn from, how much, and the value that went with it, or the money it was sold for.</summary>
public readonly record struct Piece(PieceKind Kind, Pool Pool, Guid? GrantId, decimal Credits, decimal Value);

/// <summary>An interval of credits that one transaction drew from one source, for one pool named and product (intake.md).</summary>
public sealed class DrawInterval
{
    public required Guid TransactionId { get; init; }

    public required int Line { get; init; }

    public required Pool Named { get; init; }

    public required string Product { get; init; }

    public required PieceKind Kind { get; init; }

    /// <summary>The pool drawn.</summary>
    public required Pool Pool { get; init; }

    public Grant? Grant { get; init; }

    public required decimal From { get; init; }

    public required decimal To { get; set; }

    /// <summary>What the grant had where the interval begins.</summary>
    public decimal? RemainingBefore { get; init; }

    /// <summary>Of overage: the money it was sold for.</summary>
    public decimal Amount { get; set; }

    /// <summary>Of overage sold at the price of a meter: that meter.</summary>
    public string? Meter { get; init; }

    /// <summary>Of overage sold at the price of a meter: the quantity sold.</summary>
    public decimal Quantity { get; set; }

    /// <summary>Credits drawn.</summary>
    public decimal Credits => To - From;

    // Events of one interval of overage were sold at one price: another begins an interval, so that each has what it was sold for.
    internal bool ContinuesBeyond(PieceKind kind, Overdraw more, decimal amount) =>
        Kind == kind && Meter == more.Meter && Amount / Credits == amount / more.Credits && (Meter is null || Quantity / Credits == more.Quantity / more.Credits);

    internal bool Continues(Grant grant) => Kind == PieceKind.Grant && ReferenceEquals(Grant, grant) && grant.Remaining == RemainingBefore - Credits;
}

/// <summary>
/// Draws one transaction's usage from a wallet in burn order, events in the order sent, and posts it as a whole.
/// What the grants cannot serve is sold as overage as far as the terms allow; the rest becomes debt. Nothing is kept per event: pieces
/// follow from the intervals.
/// </summary>
/// <param name="wallet">The wallet.</param>
/// <param name="posting">The transaction that this becomes.</param>
/// <param name="shared">The tenant's shared pool.</param>
/// <param name="at">Draws what is valid at that instant; null: now.</param>
public sealed class Drawing(WalletState wallet, LedgerTransaction posting, Pool shared, DateTimeOffset? at = null)
{
    private readonly Dictionary<(int Pool, string Product), Tape> tapes = [];
    private readonly List<DrawInterval> intervals = [];

    /// <summary>The transaction that this becomes.</summary>
    public LedgerTransaction Posting => posting;

    /// <summary>Draws credits (not negative) for usage that names a pool; the pieces are appended in order.</summary>
    /// <param name="named">The pool that it names.</param>
    /// <param name="product">Its product.</param>
    /// <param name="usage">How much, and what its meter measured for it.</param>
    /// <param name="pieces">Get what was drawn.</param>
    public void Draw(Pool named, string product, Overdraw usage, List<Piece> pieces)
    {
        var credits = usage.Credits;
        if (!tapes.TryGetValue((named.Id, product), out var tape)) tapes[(named.Id, product)] = tape = Open(named, product);
        while (credits > 0m)
        {
            while (tape.Next < tape.Grants.Length && tape.Grants[tape.Next].Remaining == 0m) tape.Next++;
            var grant = tape.Next < tape.Grants.Length ? tape.Grants[tape.Next] : null;
            if (grant is null)
            {
                Exceed(tape, usage.Of(credits), pieces);
                return;
            }

            var part = Math.Min(credits, grant.Remaining);
            pieces.Add(Take(tape, grant, part));
            credits -= part;
        }
    }

    /// <summary>Posts what was drawn: pool or debt → consumed, and the value of each interval from deferred to revenue.</summary>
    public void Complete()
    {
        foreach (var interval in intervals)
        {
            wallet.Draw(interval);
            var consumed = Account.Consumed(interval.Product);
            if (interval.Kind == PieceKind.Grant)
            {
                var grant = interval.Grant!;
                var value = GrantValue.Left(grant.Value, interval.RemainingBefore!.Value, grant.Amount)
                    - GrantValue.Left(grant.Value, interval.RemainingBefore.Value - interval.Credits, grant.Amount);
                posting.MoveCredits(Account.Pool(interval.Pool.Key), grant.Id, consumed, toGrant: null, interval.Credits);
                posting.Book(Account.DeferredCredits, Account.RevenueUsage, value, grant.Currency);
                continue;
            }

            if (interval.Kind == PieceKind.Overage)
            {
                posting.MoveCredits(Account.Overage(interval.Pool.Key), fromGrant: null, consumed, toGrant: null, interval.Credits);
                var charge = Charge.Overage(interval.Pool.Key, interval.Meter, wallet.Period.StartsAt!.Value, wallet.Period.EndsAt!.Value) with
                {
                    Price = wallet.Overage!.TaxInclusive ? null : wallet.Overage.PriceOf(interval.Meter), // net prices are nobody's list
                    TaxInclusive = wallet.Overage.TaxInclusive,
                };
                wallet.Accrue(
                    posting, charge, interval.Meter is null ? interval.Credits : interval.Quantity, interval.Amount, Account.RevenueOverage, wallet.Overage.Currency,
                    interval.Credits);
                continue;
            }

            posting.MoveCredits(Account.Debt(interval.Pool.Key), fromGrant: null, consumed, toGrant: null, interval.Credits);
            wallet.Incur(new Debt
            {
                TransactionId = posting.Id,
                Line = interval.Line,
                PoolId = interval.Pool.Id,
                Product = interval.Product,
                From = 0m,
                To = interval.Credits,
                IncurredAt = posting.PostedAt,
            });
        }
    }

    private Tape Open(Pool named, string product)
    {
        var pools = named.OverflowsToShared && named.Id != shared.Id ? new[] { named, shared } : [named];
        var grants = pools.SelectMany(pool => wallet.Grants
            .Where(grant => grant.PoolId == pool.Id && grant.CanServe(product, at ?? wallet.Now))
            .Order(BurnOrder.Instance));
        return new Tape(named, product, [.. grants], pools);
    }

    private Piece Take(Tape tape, Grant grant, decimal credits)
    {
        var pool = tape.Pools[0].Id == grant.PoolId ? tape.Pools[0] : tape.Pools[^1];
        if (tape.Last is null || !tape.Last.Continues(grant))
            tape.Last = Begin(tape, PieceKind.Grant, pool, grant);
        tape.Last.To = tape.Position += credits;
        return new Piece(PieceKind.Grant, pool, grant.Id, credits, wallet.Take(grant, credits));
    }

    // Beyond the grants: sold as far as the terms allow, owed beyond; an overflowing pool does both on the shared one.
    private void Exceed(Tape tape, Overdraw beyond, List<Piece> pieces)
    {
        var credits = 0m;
        if (wallet.Overage is { } terms)
        {
            var priced = terms.Priced(beyond);
            credits = terms.Sellable(wallet.Period, priced);
            if (credits > 0m)
            {
                var sold = priced.Of(credits);
                var amount = terms.Cost(wallet.Period, sold);
                wallet.Period = wallet.Period.With(sold, amount);
                pieces.Add(Extend(tape, PieceKind.Overage, sold, amount));
            }
        }

        if (beyond.Credits > credits) pieces.Add(Extend(tape, PieceKind.Debt, new Overdraw(null, beyond.Credits - credits, 0m), 0m));
    }

    private Piece Extend(Tape tape, PieceKind kind, Overdraw more, decimal amount)
    {
        var pool = tape.Pools[^1];
        if (tape.Last is null || !tape.Last.ContinuesBeyond(kind, more, amount)) tape.Last = Begin(tape, kind, pool, grant: null, more.Meter);
        tape.Last.To = tape.Position += more.Credits;
        tape.Last.Quantity += more.Quantity;
        tape.Last.Amount += amount;
        return new Piece(kind, pool, GrantId: null, more.Credits, amount);
    }

    private DrawInterval Begin(Tape tape, PieceKind kind, Pool pool, Grant? grant, string? meter = null)
    {
        var interval = new DrawInterval
        {
            TransactionId = posting.Id,
            Line = intervals.Count,
            Named = tape.Named,
            Product = tape.Product,
            Kind = kind,
            Pool = pool,
            Grant = grant,
            Meter = meter,
            From = tape.Position,
            To = tape.Position,
            RemainingBefore = grant?.Remaining,
        };
        intervals.Add(interval);
        return interval;
    }

    private sealed class Tape(Pool named, string product, Grant[] grants, Pool[] pools)
    {
        public Pool Named => named;

        public string Product => product;

        public Grant[] Grants => grants;

        public Pool[] Pools => pools;

        public int Next { get; set; }

        public decimal Position { get; set; }

        public DrawInterval? Last { get; set; }
    }
}

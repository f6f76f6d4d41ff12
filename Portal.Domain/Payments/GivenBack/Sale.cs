using Microsoft.EntityFrameworkCore;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>
/// Credits that were sold for money, read under the wallet's lock: a pack that a payment bought, or credits sold outside, with all that
/// became of their grants and all that was given back of the money.
/// </summary>
internal sealed class Sale
{
    /// <summary>The grants.</summary>
    public required Lineage Lineage { get; init; }

    /// <summary>The payment; null for what was sold outside.</summary>
    public Payment? Payment { get; init; }

    /// <summary>Credits sold, bonus and all.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Price without tax.</summary>
    public required decimal Net { get; init; }

    /// <summary>Tax on it.</summary>
    public required decimal Tax { get; init; }

    /// <summary>Currency of the amounts.</summary>
    public required Currency Currency { get; init; }

    /// <summary>What refunds took and gave, those that failed left out.</summary>
    public required GivenBackSum Refunded { get; init; }

    /// <summary>What disputes took, less what came back; its value and credits are of unused credits.</summary>
    public required GivenBackSum Disputed { get; init; }

    /// <summary>What the customer paid for it.</summary>
    public decimal Total => Net + Tax;

    /// <summary>The grant that was sold.</summary>
    public Grant Sold => Lineage.Sold;

    /// <summary>The sale that a payment paid for; null when the money bought nothing.</summary>
    public static async Task<Sale?> OfPaymentAsync(WalletTransaction wallet, Payment payment, CancellationToken cancellationToken)
    {
        if (payment.CheckoutId is not { } id) return null;
        await wallet.WriteAsync(cancellationToken);
        var checkout = await wallet.Db.Set<Checkout>().SingleOrDefaultAsync(c => c.TenantId == wallet.TenantId && c.Id == id && c.PaymentId == payment.Id, cancellationToken);
        if (checkout is null || await Lineage.OfReferenceAsync(wallet, checkout.PublicId, cancellationToken) is not { } lineage) return null;
        return await ReadAsync(wallet, lineage, payment, checkout, cancellationToken);
    }

    /// <summary>The sale of which a grant is what was sold, or what became of it. Refuses: <c>unknown_grant</c>, <c>not_refundable</c>.</summary>
    public static async Task<Result<Sale>> OfGrantAsync(WalletTransaction wallet, Guid grantId, CancellationToken cancellationToken)
    {
        if (await Lineage.OfGrantAsync(wallet, grantId, cancellationToken) is not { } lineage)
            return Problem.Field("grant", "unknown_grant", "There is no such grant of this tenant.");
        var sold = lineage.Sold;
        if (sold.Lineage == "merged") return RefundProblems.BoughtElsewhere;
        if (sold.Source != GrantSource.Purchase)
        {
            return sold.Value == 0m
                ? RefundProblems.NothingPaid
                : Problem.Unprocessable("not_refundable", $"Credits of source {sold.Source} were not bought by themselves and are not refunded.");
        }

        if (!PublicId.TryParse(PublicId.Checkout, sold.Reference, out _, out var checkoutId)) return await ReadAsync(wallet, lineage, null, null, cancellationToken);
        var checkout = await wallet.Db.Set<Checkout>().SingleAsync(c => c.TenantId == wallet.TenantId && c.Id == checkoutId, cancellationToken);
        var payment = await wallet.Db.Set<Payment>().AsTracking().SingleAsync(p => p.TenantId == wallet.TenantId && p.Id == checkout.PaymentId, cancellationToken);
        return await ReadAsync(wallet, lineage, payment, checkout, cancellationToken);
    }

    /// <summary>
    /// What giving back credits of that value moves: net and tax by difference to what was given back before, each rounded once to the
    /// minor unit (outside, where no provider moves it, not rounded), so that parts add up to the whole and never exceed it.
    /// </summary>
    public (decimal Net, decimal Tax) Quote(decimal value)
    {
        var after = Refunded.Value + value;
        var tax = Net == 0m ? 0m : Currency.RoundToMinor(Tax * after / Net) - Refunded.Tax;
        return ((Payment is null ? after : Currency.RoundToMinor(after)) - Refunded.Net, Math.Min(tax, Tax - Refunded.Tax - Disputed.Tax));
    }

    /// <summary>Credits that so much money stands for, by difference to what was given back before; 0 or more.</summary>
    public decimal CreditsFor(decimal amount)
    {
        var after = Math.Min(Total, Refunded.Net + Refunded.Tax + amount);
        return Math.Max(0m, Math.Round(Credits * after / Total, 9, MidpointRounding.AwayFromZero) - Refunded.Credits);
    }

    private static async Task<Sale> ReadAsync(WalletTransaction wallet, Lineage lineage, Payment? payment, Checkout? checkout, CancellationToken cancellationToken) => new()
    {
        Lineage = lineage,
        Payment = payment,
        Credits = checkout is null ? lineage.Sold.Amount : checkout.Credits + checkout.BonusCredits,
        Net = checkout?.Net ?? lineage.Sold.Value,
        Tax = checkout?.Tax ?? 0m,
        Currency = Currency.Of(lineage.Sold.Currency),
        Refunded = await RefundedAsync(wallet, lineage.Sold.Id, cancellationToken),
        Disputed = payment is null ? default : await DisputedAsync(wallet, payment.Id, cancellationToken),
    };

    private static async Task<GivenBackSum> RefundedAsync(WalletTransaction wallet, Guid sold, CancellationToken cancellationToken)
    {
        const string sql = """
            select coalesce(sum(credits), 0), coalesce(sum(value), 0), coalesce(sum(net), 0), coalesce(sum(tax), 0)
            from refunds where tenant_id = $1 and grant_id = $2 and state <> 'failed'
            """;
        return await SumAsync(wallet, sql, sold, cancellationToken);
    }

    private static async Task<GivenBackSum> DisputedAsync(WalletTransaction wallet, Guid payment, CancellationToken cancellationToken)
    {
        const string sql = """
            select coalesce((select sum(p.credits - p.returned) from dispute_pieces p join disputes d on d.tenant_id = p.tenant_id and d.id = p.dispute_id
                     where d.tenant_id = $1 and d.payment_id = $2), 0),
              coalesce(sum(value), 0), coalesce(sum(amount - suspense - tax), 0), coalesce(sum(tax), 0)
            from disputes where tenant_id = $1 and payment_id = $2
            """;
        return await SumAsync(wallet, sql, payment, cancellationToken);
    }

    private static async Task<GivenBackSum> SumAsync(WalletTransaction wallet, string sql, Guid of, CancellationToken cancellationToken)
    {
        await using var command = wallet.Command(sql, wallet.TenantId, of);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new GivenBackSum(reader.GetDecimal(0), reader.GetDecimal(1), reader.GetDecimal(2), reader.GetDecimal(3));
    }
}

/// <summary>What was given back of a sale.</summary>
/// <param name="Credits">Credits affected.</param>
/// <param name="Value">What they stood for, nine places.</param>
/// <param name="Net">Money without tax.</param>
/// <param name="Tax">Tax on it.</param>
internal readonly record struct GivenBackSum(decimal Credits, decimal Value, decimal Net, decimal Tax);

using Portal.Domain.Payments;

namespace Portal.Database.Tests.Properties;

/// <summary>Credits sold for money, and what was given back of it. Money that a provider moves is in whole cents.</summary>
internal sealed class PlainSale
{
    /// <summary>The grant that was sold; its bonus and all that became of both descend from it.</summary>
    public required PlainGrant Root { get; init; }

    /// <summary>Credits sold, bonus and all.</summary>
    public required decimal Credits { get; init; }

    public required decimal Net { get; init; }

    public required decimal Tax { get; init; }

    public decimal Total => Net + Tax;

    /// <summary>Paid through a provider; false for credits sold outside.</summary>
    public required bool IsPaid { get; init; }

    /// <summary>The payment's ids, told after the purchase: ours and the provider's.</summary>
    public (string Ours, string Provider) Payment { get; set; }

    /// <summary>What the provider has reported so far, to be told again too late.</summary>
    public List<PaymentReport> Reports { get; } = [];

    /// <summary>What left by refunds, in all.</summary>
    public decimal Refunded { get; set; }

    /// <summary>What disputes took, in all, and what of it came back.</summary>
    public decimal Disputed { get; set; }

    public decimal Reinstated { get; set; }

    public List<PlainRefund> Refunds { get; } = [];

    public List<PlainDispute> Disputes { get; } = [];

    public IEnumerable<PlainRefund> Pending => Refunds.Where(refund => refund.State == "pending");

    /// <summary>Money of the payment that has not been given back and is not on its way back.</summary>
    public decimal Left => IsPaid ? Total - Refunded - Disputed + Reinstated - Pending.Sum(refund => refund.Amount) : Net;

    /// <summary>What refunds took of it; one that failed took nothing.</summary>
    public (decimal Credits, decimal Value, decimal Net, decimal Tax) Back
    {
        get
        {
            var standing = Refunds.Where(refund => refund.State != "failed").ToArray();
            return (standing.Sum(refund => refund.Credits), standing.Sum(refund => refund.Value), standing.Sum(refund => refund.Net), standing.Sum(refund => refund.Tax));
        }
    }

    /// <summary>Tax that disputes took and did not give back.</summary>
    public decimal DisputedTax => Disputes.Sum(dispute => dispute.Tax);

    /// <summary>Money of the sale that disputes took and did not give back; the rest went to <c>suspense</c>.</summary>
    public decimal DisputedMoney => Disputes.Sum(dispute => dispute.Money);

    /// <summary>Credits that disputes took or made owed, and did not give back.</summary>
    public decimal DisputedCredits => Disputes.SelectMany(dispute => dispute.Parts).Sum(part => part.Standing);

    /// <summary>Net and tax of a refund of credits of that value: by difference to what was refunded before, each rounded once (outside: not).</summary>
    public (decimal Net, decimal Tax) Quote(decimal value)
    {
        var after = Back.Value + value;
        var tax = Tax == 0m ? 0m : Cents(Tax * after / Net) - Back.Tax;
        return ((IsPaid ? Cents(after) : after) - Back.Net, Math.Min(tax, Tax - Back.Tax - DisputedTax));
    }

    /// <summary>Credits that so much more money stands for, by difference to what was refunded before.</summary>
    public decimal CreditsFor(decimal amount)
    {
        var share = Math.Min(Total, Back.Net + Back.Tax + amount);
        return Math.Max(0m, Round(Credits * share / Total) - Back.Credits);
    }

    public static decimal Cents(decimal amount) => Math.Round(amount, 2, MidpointRounding.AwayFromZero);

    public static decimal Round(decimal amount) => Math.Round(amount, 9, MidpointRounding.AwayFromZero);
}

/// <summary>Credits taken out of one grant, and the value that went with them.</summary>
internal sealed record TakenBack(PlainGrant Grant, decimal Credits, decimal Value);

/// <summary>Money given back for unspent credits.</summary>
internal sealed class PlainRefund
{
    /// <summary>The engine's id, when somebody asked for it.</summary>
    public string? Id { get; set; }

    /// <summary><c>pending</c>, <c>succeeded</c>, <c>failed</c>.</summary>
    public string State { get; set; } = "pending";

    public required IReadOnlyList<TakenBack> Parts { get; init; }

    public required decimal Net { get; set; }

    public required decimal Tax { get; init; }

    public decimal Amount => Net + Tax;

    public decimal Credits => Parts.Sum(part => part.Credits);

    public decimal Value => Parts.Sum(part => part.Value);
}

/// <summary>Money that a dispute took, or, below 0, that came back when one was won.</summary>
internal sealed class PlainDispute
{
    /// <summary>Money of the sale in it, tax included.</summary>
    public required decimal Money { get; init; }

    public required decimal Tax { get; init; }

    public List<DisputedPart> Parts { get; } = [];
}

/// <summary>Credits of one grant that a dispute took, unused, or that are owed for having been used.</summary>
internal sealed class DisputedPart
{
    public required PlainGrant Grant { get; init; }

    public required decimal Credits { get; init; }

    /// <summary>Of unused ones, when they were taken.</summary>
    public decimal Value { get; init; }

    /// <summary>How many of them a won dispute has not brought back.</summary>
    public decimal Standing { get; set; }

    /// <summary>Of used ones: what of the debt was settled, in that order, and what is open, last.</summary>
    public List<PlainPiece>? Pieces { get; init; }
}

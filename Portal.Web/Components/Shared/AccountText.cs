namespace Portal.Web.Components.Shared;

/// <summary>What people read for accounts of the ledger.</summary>
public static class AccountText
{
    /// <summary>An account, for those who do not keep books.</summary>
    public static string Of(string account)
    {
        var parts = account.Split(':', 2);
        return parts switch
        {
            ["pool", var pool] => $"Pool {pool}",
            ["debt", var pool] => $"Debt of {pool}",
            ["overage", var pool] => $"Overage of {pool}",
            ["consumed", var product] => $"Used: {product}",
            ["issued"] => "Issued",
            ["expired"] => "Expired",
            ["moved"] => "Another account",
            ["refunded"] => "Refunded",
            ["clawed_back"] => "Taken back for a disputed payment",
            ["refunds_pending"] => "Refund on its way",
            ["tax_payable"] => "Tax",
            ["cash", _] => "Paid",
            _ => account.Replace('_', ' '),
        };
    }

    /// <summary>True for accounts that only the platform's books concern: what it pays and earns.</summary>
    public static bool IsInternal(string account) =>
        account.StartsWith("cogs:", StringComparison.Ordinal) || account.StartsWith("accrued_cost:", StringComparison.Ordinal)
        || account.StartsWith("revenue:", StringComparison.Ordinal) || account.StartsWith("deferred:", StringComparison.Ordinal)
        || account.StartsWith("external:", StringComparison.Ordinal) || account is "payment_fees" or "rounding" or "chargebacks" or "suspense";
}

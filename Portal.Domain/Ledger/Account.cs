namespace Portal.Domain.Ledger;

/// <summary>
/// Names of accounts (domain.md §3). In credits "a → b" is −x on a and +x on b; in money debits are positive.
/// </summary>
public static class Account
{
    /// <summary>The unit of accounts that hold credits; all other units are ISO 4217 codes.</summary>
    public const string CreditUnit = "CREDIT";

    // Credits.
    public const string Issued = "issued", Expired = "expired", Refunded = "refunded", ClawedBack = "clawed_back", Moved = "moved";

    // Money.
    public const string Receivable = "receivable", Unbilled = "unbilled", DeferredCredits = "deferred:credits", DeferredFees = "deferred:fees",
        TaxPayable = "tax_payable", CustomerCredit = "customer_credit", RefundsPending = "refunds_pending", Suspense = "suspense",
        Chargebacks = "chargebacks", BadDebt = "bad_debt", PaymentFees = "payment_fees", Rounding = "rounding",
        RevenueUsage = "revenue:usage", RevenueOverage = "revenue:overage", RevenueBreakage = "revenue:breakage",
        RevenueSubscription = "revenue:subscription", RevenueMinimum = "revenue:minimum", RevenueDiscount = "revenue:discount",
        RevenueTrueUp = "revenue:true_up";

    /// <summary>Credits that a pool's grants still hold: Σ remaining.</summary>
    public static string Pool(string pool) => "pool:" + pool;

    /// <summary>Credits used beyond the grants under policy <c>block</c>: −Σ open debt.</summary>
    public static string Debt(string pool) => "debt:" + pool;

    /// <summary>Credits used beyond the grants under policy <c>overage</c>: −Σ not yet invoiced.</summary>
    public static string Overage(string pool) => "overage:" + pool;

    /// <summary>Credits used, by product.</summary>
    public static string Consumed(string product) => "consumed:" + product;

    /// <summary>The clearing account of a payment provider.</summary>
    public static string Cash(string provider) => "cash:" + provider;

    /// <summary>Where value came from when it was sold outside.</summary>
    public static string External(string source) => "external:" + source;

    /// <summary>What inference cost, by vendor.</summary>
    public static string Cogs(string vendor) => "cogs:" + vendor;

    /// <summary>What is owed to a vendor for it.</summary>
    public static string AccruedCost(string vendor) => "accrued_cost:" + vendor;
}

using System.Text.Json.Serialization;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions.Contracts;

/// <summary>A contract as the API's bodies write it and as it is stored with its subscription.</summary>
public sealed record ContractDefinition
{
    private const int LongestTerm = 120, MostTiers = 50, LongestNet = 365;

    /// <summary>Months of a term, 1 to 120; another one follows for as long as the subscription goes on.</summary>
    public int? TermMonths { get; init; }

    /// <summary>What is spent at least; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public CommitDefinition? Commit { get; init; }

    /// <summary>Percent off by what the term's charges have come to, in ascending tiers, the last without bound; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DiscountTier>? Discounts { get; init; }

    /// <summary>Key of the rate card that comes before the plan's prices; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RateCard { get; init; }

    /// <summary>Rules of outcomes by product, before the plan's; null for the plan's.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Outcomes { get; init; }

    /// <summary>Days after its issue on which an invoice is due, 0 to 365; null for 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? NetDays { get; init; }

    /// <summary>The customer's purchase order, on every invoice; null for that of the tax profile.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PoNumber { get; init; }

    /// <summary>
    /// What is wrong with it for a plan, or null: <c>invalid_term</c>, <c>invalid_commit</c>, <c>commit_period_mismatch</c>, <c>credit_price_missing</c>,
    /// <c>invalid_discounts</c>, <c>invalid_net_days</c>, <c>invalid_po_number</c>, <c>unknown_rate_card</c>, <c>unknown_outcomes</c>.
    /// </summary>
    internal async Task<Problem?> CheckAsync(WalletTransaction wallet, Plan plan, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        if (TermMonths is not (>= 1 and <= LongestTerm)) errors.Add("contract.term_months", "invalid_term", $"A term is 1 to {LongestTerm} months.");
        Commit?.Check(this, plan, errors);
        CheckDiscounts(errors);
        if (NetDays is < 0 or > LongestNet) errors.Add("contract.net_days", "invalid_net_days", $"Invoices are due 0 to {LongestNet} days after their issue.");
        if (PoNumber is { } order && (order.Length is 0 or > 200 || order.Any(char.IsControl))) errors.Add("contract.po_number", "invalid_po_number", "A purchase order is 1 to 200 characters, without control characters.");
        if (RateCard is not null && !await IsThereAsync("select 1 from rate_cards where key = $1", RateCard))
            errors.Add("contract.rate_card", "unknown_rate_card", $"There is no rate card {RateCard}.");
        foreach (var (product, rule) in Outcomes ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            if (!await IsThereAsync("select 1 from outcome_rule_versions where rule = $1 and definition ->> 'product' = $2 limit 1", rule, product))
                errors.Add($"contract.outcomes.{product}", "unknown_outcomes", $"There is no outcome rule {rule} of the product {product}.");
        }

        return errors.ToProblem();

        async Task<bool> IsThereAsync(string sql, params object?[] keys) =>
            (await wallet.Connection.ListAsync(sql, row => row.GetInt32(0), cancellationToken, keys)).Count > 0;
    }

    private void CheckDiscounts(FieldErrors errors)
    {
        if (Discounts is not { } tiers) return;
        var below = 0m;
        for (var i = 0; i < tiers.Count; i++)
        {
            var (bound, percent) = (tiers[i].UpTo, tiers[i].Percent);
            if (i < tiers.Count - 1 ? !(bound > below) : bound is not null || tiers.Count > MostTiers)
                errors.Add($"contract.discounts[{i}].up_to", "invalid_discounts", "Bounds ascend, and the last tier alone has none.");
            if (percent is < 0m or > 100m) errors.Add($"contract.discounts[{i}].percent", "invalid_discounts", "A discount is 0 to 100 percent.");
            below = bound ?? below;
        }

        if (tiers.Count == 0) errors.Add("contract.discounts", "invalid_discounts", "Name at least one tier, or none at all.");
    }
}

/// <summary>What a contract commits to spend.</summary>
/// <param name="Amount">Money per period of the commit, above 0.</param>
/// <param name="Per"><c>quarter</c> or <c>year</c>.</param>
/// <param name="Paid"><c>arrears</c> (default): what is missing is charged as the period ends; <c>advance</c>: it is charged as the period begins, and buys credits.</param>
/// <param name="CreditPrice">Paid in advance: what one of its credits costs.</param>
public sealed record CommitDefinition(decimal? Amount = null, string? Per = null, string? Paid = null, decimal? CreditPrice = null)
{
    /// <summary>Months of a period of the commit.</summary>
    [JsonIgnore]
    public int Months => Per == "year" ? 12 : 3;

    /// <summary>True when it is charged as its period begins.</summary>
    [JsonIgnore]
    public bool InAdvance => Paid == "advance";

    internal void Check(ContractDefinition contract, Plan plan, FieldErrors errors)
    {
        if (Amount is not (> 0m and <= 1_000_000_000_000m) || !Credits.HasAtMostNinePlaces(Amount.Value))
            errors.Add("contract.commit.amount", "invalid_commit", "A commit is above 0, with at most nine decimal places.");
        if (Per is not ("quarter" or "year")) errors.Add("contract.commit.per", "invalid_commit", "A commit is per quarter or year.");
        else if (contract.TermMonths % Months != 0 || Months % plan.Months != 0)
            errors.Add("contract.commit.per", "commit_period_mismatch", "The term is whole periods of the commit, and these are whole billing periods of the plan.");
        if (Paid is not (null or "arrears" or "advance")) errors.Add("contract.commit.paid", "invalid_commit", "A commit is paid in arrears or advance.");
        if (InAdvance && CreditPrice is null) errors.Add("contract.commit.credit_price", "credit_price_missing", "Say what a credit costs that the commit buys.");
        if (CreditPrice is not null && !(CreditPrice > 0m && Credits.HasAtMostNinePlaces(CreditPrice.Value)))
            errors.Add("contract.commit.credit_price", "invalid_commit", "The price of a credit is above 0, with at most nine decimal places.");
    }
}

/// <summary>A tier of a discount.</summary>
/// <param name="Percent">Taken off what lies within it, 0 to 100.</param>
/// <param name="UpTo">Up to so much of the term's charges; null for the last tier.</param>
public sealed record DiscountTier(decimal Percent, decimal? UpTo = null);

using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Taxes;

namespace Portal.Web.Api;

/// <summary>A tax profile to put; what is absent is none.</summary>
/// <param name="Country">ISO 3166-1.</param>
/// <param name="Region">Such as a state.</param>
/// <param name="VatId">Tax id of the business; of countries of the EU its VAT id.</param>
/// <param name="Exempt">Nothing is taxed: platform keys only.</param>
/// <param name="Name">On invoices; default the tenant's name.</param>
/// <param name="Address">Lines.</param>
/// <param name="PoNumber">Purchase order that invoices name.</param>
/// <param name="Emails">Who gets invoices; default those with the role billing.</param>
public sealed record TaxProfileBody(
    string? Country = null, string? Region = null, string? VatId = null, bool? Exempt = null, string? Name = null, string? Address = null, string? PoNumber = null,
    IReadOnlyList<string>? Emails = null)
{
    internal TaxProfile With(bool exempt) => new(Country, Region, VatId, exempt, Name, Address ?? "", PoNumber, Emails);
}

/// <summary>A tax profile as the API shows it.</summary>
/// <param name="Country">ISO 3166-1.</param>
/// <param name="Region">Such as a state.</param>
/// <param name="VatId">As kept: capital letters and digits.</param>
/// <param name="VatCheckedAt">When its register answered; null: not yet.</param>
/// <param name="VatValid">What it answered; null: nothing yet.</param>
/// <param name="Exempt">Nothing is taxed.</param>
/// <param name="Name">On invoices.</param>
/// <param name="Address">Lines.</param>
/// <param name="PoNumber">Purchase order that invoices name.</param>
/// <param name="Emails">Who gets invoices.</param>
public sealed record TaxProfileDocument(
    string? Country, string? Region, string? VatId, DateTimeOffset? VatCheckedAt, bool? VatValid, bool Exempt, string? Name, string Address, string? PoNumber,
    IReadOnlyList<string> Emails)
{
    internal static TaxProfileDocument Of(TaxProfile profile) => new(
        profile.Country, profile.Region, profile.VatId, profile.VatCheckedAt, profile.VatValid, profile.Exempt, profile.Name, profile.Address, profile.PoNumber,
        profile.Emails ?? []);
}

/// <summary>Tax rates to put: one, or several as <c>rates</c>.</summary>
public sealed record TaxRatesBody
{
    /// <summary>ISO 3166-1.</summary>
    public string? Country { get; init; }

    /// <summary>Absent for the whole country.</summary>
    public string? Region { get; init; }

    /// <summary>The first day.</summary>
    public DateOnly? ValidFrom { get; init; }

    /// <summary>Such as VAT.</summary>
    public string? Name { get; init; }

    /// <summary>0 to 100.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Several, instead of the fields above.</summary>
    public IReadOnlyList<TaxRateBody>? Rates { get; init; }

    internal Result<IReadOnlyList<TaxTableRow>> Read()
    {
        if (Rates is not null)
        {
            return (Country, Region, ValidFrom, Name, Percent) is (null, null, null, null, null)
                ? Result.Of<IReadOnlyList<TaxTableRow>>([.. Rates.Select(rate => new TaxTableRow(rate.Country, rate.Region ?? "", rate.ValidFrom, rate.Name, rate.Percent))])
                : Problem.Field("rates", "invalid_field", "Send one rate or `rates`, not both.");
        }

        if (Country is null) return Missing("country");
        if (ValidFrom is not { } from) return Missing("valid_from");
        if (Name is null) return Missing("name");
        return Percent is { } percent ? Result.Of<IReadOnlyList<TaxTableRow>>([new TaxTableRow(Country, Region ?? "", from, Name, percent)]) : Missing("percent");
    }

    private static Problem Missing(string field) => Problem.Field(field, "missing_field", $"The field '{field}' must have a value.");
}

/// <summary>A tax rate among several.</summary>
/// <param name="Country">ISO 3166-1.</param>
/// <param name="ValidFrom">The first day.</param>
/// <param name="Name">Such as VAT.</param>
/// <param name="Percent">0 to 100.</param>
/// <param name="Region">Absent for the whole country.</param>
public sealed record TaxRateBody(string Country, DateOnly ValidFrom, string Name, decimal Percent, string? Region = null);

/// <summary>A legal entity to put; what is absent is none.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Country">ISO 3166-1.</param>
/// <param name="Address">Lines.</param>
/// <param name="TaxIds">Its tax ids.</param>
/// <param name="Email">Where customers ask.</param>
/// <param name="PaymentDetails">How to pay by bank transfer.</param>
/// <param name="Series">Prefix of its invoices' numbers: 1 to 20 capital letters, digits and hyphens.</param>
/// <param name="Default">It sells from now on.</param>
public sealed record LegalEntityBody(
    string Name, string Country, string? Address = null, IReadOnlyList<string>? TaxIds = null, string? Email = null, string? PaymentDetails = null, string Series = "INV",
    bool Default = false)
{
    internal LegalEntity Of(string key) => new(key, Name, Address ?? "", Country, TaxIds ?? [], Email, PaymentDetails, Series);
}

/// <summary>A legal entity as the API shows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">As invoices say it.</param>
/// <param name="Country">ISO 3166-1.</param>
/// <param name="Address">Lines.</param>
/// <param name="TaxIds">Its tax ids.</param>
/// <param name="Email">Where customers ask.</param>
/// <param name="PaymentDetails">How to pay by bank transfer.</param>
/// <param name="Series">Prefix of its invoices' numbers.</param>
/// <param name="Default">It sells.</param>
public sealed record LegalEntityDocument(
    string Key, string Name, string Country, string Address, IReadOnlyList<string> TaxIds, string? Email, string? PaymentDetails, string Series, bool Default)
{
    internal static LegalEntityDocument Of(LegalEntityRow row) => new(
        row.Entity.Key, row.Entity.Name, row.Entity.Country, row.Entity.Address, row.Entity.TaxIds, row.Entity.Email, row.Entity.PaymentDetails, row.Entity.Series, row.IsDefault);
}

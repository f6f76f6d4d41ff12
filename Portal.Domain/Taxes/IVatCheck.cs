namespace Portal.Domain.Taxes;

/// <summary>What a register answered about a VAT id.</summary>
/// <param name="Valid">True when it is registered.</param>
/// <param name="Answer">The register's own words, kept as evidence: its date, the name and address it gave, its reference.</param>
public sealed record VatAnswer(bool Valid, string Answer);

/// <summary>Who knows whether a VAT id is registered: VIES for countries of the EU, a made-up register in the sandbox.</summary>
public interface IVatCheck
{
    /// <summary>Asks.</summary>
    /// <param name="vatId">As kept: prefix and number.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <returns>The answer; null while the register gives none, such as at night.</returns>
    Task<VatAnswer?> AskAsync(string vatId, CancellationToken cancellationToken);
}

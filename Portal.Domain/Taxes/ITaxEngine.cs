namespace Portal.Domain.Taxes;

/// <summary>
/// The contract for an external tax engine: who knows the rates of a place. Register one and it is asked for the place of each tax profile when
/// that is set and once a day, away from any lock; what it answers goes into the dated table (<see cref="TaxTable"/>), which alone decides, so an
/// invoice never waits for an engine and always says which rate of which day it used. Amounts stay here: tax is computed per rate on the sum of
/// its lines, rounded once and spread by largest remainder (domain.md §9), whoever names the rate.
/// </summary>
public interface ITaxEngine
{
    /// <summary>Rates of a place that hold now or are known to come; empty: none.</summary>
    /// <param name="country">ISO 3166-1.</param>
    /// <param name="region">Such as a state or what the engine calls a jurisdiction; "" for the whole country.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    /// <exception cref="HttpRequestException">It does not answer; the rates known so far hold.</exception>
    Task<IReadOnlyList<TaxTableRow>> RatesAsync(string country, string region, CancellationToken cancellationToken);
}

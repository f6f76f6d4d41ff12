using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Tenants;

namespace Portal.Web.Api.Http;

/// <summary>Writes of the catalogue: one after the other, each with its line in the platform's audit.</summary>
public static class CatalogueWrites
{
    /// <summary>Runs a change of the catalogue; it, its audit and the answer to repeats are one transaction.</summary>
    public static Task<IResult> InCatalogueAsync(
        this ApiWrites writes, HttpContext http, string action, string subject, Func<CatalogueChange, Task<Result<Answer>>> work)
    {
        ArgumentNullException.ThrowIfNull(writes);
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(work);
        return writes.InPlatformAsync(http, async platform =>
        {
            var change = await CatalogueChange.BeginAsync(platform, http.RequestAborted);
            var result = await work(change);
            if (result.Succeeded)
            {
                await Audit.WriteAsync(platform.Connection, 0, change.Now, platform.Actor, action, subject, new { change.Version }, http.RequestAborted);
            }

            return result;
        });
    }
}

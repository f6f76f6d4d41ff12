namespace Portal.Domain.Taxes;

/// <summary>A register of the sandbox: ids whose last three characters are 000 are not registered, of those with 999 it does not know now.</summary>
public sealed class SandboxVatCheck : IVatCheck
{
    /// <inheritdoc />
    public Task<VatAnswer?> AskAsync(string vatId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(vatId);
        var answer = vatId.EndsWith("999", StringComparison.Ordinal) ? null : new VatAnswer(!vatId.EndsWith("000", StringComparison.Ordinal), "Sandbox");
        return Task.FromResult(answer);
    }
}

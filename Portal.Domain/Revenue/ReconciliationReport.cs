namespace Portal.Domain.Revenue;

/// <summary>What a reconciliation found; its JSON form is the API's body.</summary>
/// <param name="Ok">True when every check is.</param>
/// <param name="AsOf">Business time of the snapshot that was read.</param>
/// <param name="Checks">The invariants, in the order of their numbers.</param>
public sealed record ReconciliationReport(bool Ok, DateTimeOffset AsOf, IReadOnlyList<ReconciliationCheck> Checks);

/// <summary>One invariant of the ledger, checked from the rows alone.</summary>
/// <param name="Id">Its number in the ledger's invariants.</param>
/// <param name="Name">What must be so.</param>
/// <param name="Ok">True when it is.</param>
/// <param name="Checked">How many rows were compared.</param>
/// <param name="Failures">At most <see cref="Reconciliation.MostFailures"/> rows that differ; also what is to be listed and fails nothing.</param>
public sealed record ReconciliationCheck(int Id, string Name, bool Ok, long Checked, IReadOnlyList<ReconciliationFailure> Failures);

/// <summary>A row that differs.</summary>
/// <param name="Tenant">Key of the tenant; null for what concerns the platform.</param>
/// <param name="Subject">What was compared, with its ids.</param>
/// <param name="Expected">What the rows beneath say.</param>
/// <param name="Found">What stands there.</param>
public sealed record ReconciliationFailure(string? Tenant, string Subject, string? Expected, string? Found);

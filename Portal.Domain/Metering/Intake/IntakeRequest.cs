using Portal.Domain.Kernel;

namespace Portal.Domain.Metering.Intake;

/// <summary>The events of one request for one tenant: what a batch takes or leaves as a whole.</summary>
internal sealed class IntakePart(IntakeRequest request, long tenantId, IReadOnlyList<UsageEvent> events)
{
    public long TenantId => tenantId;

    public IReadOnlyList<UsageEvent> Events => events;

    /// <summary>How often its wallet was busy.</summary>
    public int Misses { get; set; }

    /// <summary>Its events are decided and committed.</summary>
    public void Complete() => request.PartDone(failure: null);

    /// <summary>Nothing of it was taken.</summary>
    public void Fail(Problem problem) => request.PartDone(problem);
}

/// <summary>A request whose parts are on their way through batches.</summary>
internal sealed class IntakeRequest
{
    private readonly TaskCompletionSource<Problem?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action? finished;
    private Problem? failure;
    private int open;

    /// <summary>Parts by tenant; a request without any is done at once.</summary>
    /// <param name="pending">Its events that are to be taken.</param>
    /// <param name="finished">Called once, when the last part is committed or failed, whoever still waits for it.</param>
    public IntakeRequest(IEnumerable<UsageEvent> pending, Action? finished = null)
    {
        this.finished = finished;
        Parts = [.. pending.GroupBy(usage => usage.TenantId).Select(group => new IntakePart(this, group.Key, [.. group]))];
        open = Parts.Count;
        if (open == 0) Finish();
    }

    public IReadOnlyList<IntakePart> Parts { get; }

    /// <summary>Ends when every part is committed (null) or one could not be taken.</summary>
    public Task<Problem?> Done => done.Task;

    public void PartDone(Problem? failure)
    {
        if (failure is not null) Interlocked.CompareExchange(ref this.failure, failure, null);
        if (Interlocked.Decrement(ref open) == 0) Finish();
    }

    private void Finish()
    {
        finished?.Invoke();
        done.TrySetResult(failure);
    }
}

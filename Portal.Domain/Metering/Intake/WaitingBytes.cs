namespace Portal.Domain.Metering.Intake;

/// <summary>
/// How many bytes of bodies may be held at once, being read or waiting for their commit. A body larger than the bound is let in when it
/// is alone, so that none is turned away for ever.
/// </summary>
/// <param name="bound">Bytes, at least 1.</param>
internal sealed class WaitingBytes(long bound)
{
    private long held;

    /// <summary>Bytes held now.</summary>
    public long Held => Volatile.Read(ref held);

    /// <summary>Makes room for a body, or answers false and holds nothing. What was let in is to be let go once.</summary>
    /// <param name="bytes">Its length; 0 when it is not known yet: it is let in while there is room for anything.</param>
    public bool TryHold(long bytes)
    {
        while (true)
        {
            var now = Volatile.Read(ref held);
            if (now > 0 && (now >= bound || bytes > bound - now)) return false;
            if (Interlocked.CompareExchange(ref held, now + bytes, now) == now) return true;
        }
    }

    /// <summary>A body that was let in is held no longer.</summary>
    public void LetGo(long bytes) => Interlocked.Add(ref held, -bytes);
}

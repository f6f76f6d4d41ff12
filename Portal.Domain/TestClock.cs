using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Wallet;

namespace Portal.Domain;

/// <summary>
/// The sandbox's clock: an offset between business time and real time. It never goes back, time runs on from where it was set, and whatever
/// fell due on the way has happened, each at its own instant, when <see cref="AdvanceAsync"/> returns.
/// </summary>
public sealed class TestClock(NpgsqlDataSource source, DueWallets wallets, IEnumerable<IPlatformWork> platform, WalletSignals signals, ILogger<TestClock> log)
{
    private const long Lock = 0x506f_7274_616c_0001; // advisory, of this clock alone
    private const int MostYears = 50;

    /// <summary>Business time.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken = default) =>
        (await source.ListAsync("select clock_timestamp() + clock_offset from platform", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken))[0];

    /// <summary>
    /// Moves business time forward and does what falls due: of every tenant, then of the platform. Refuses <c>test_clock_busy</c> (409) while
    /// another does, <c>clock_goes_back</c>, and <c>invalid_to</c> more than 50 years ahead.
    /// </summary>
    /// <returns>Business time when all is done.</returns>
    public async Task<Result<DateTimeOffset>> AdvanceAsync(DateTimeOffset to, CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var mine = await connection.ListAsync("select pg_try_advisory_lock($1)", row => row.GetBoolean(0), cancellationToken, Lock);
        if (!mine[0]) return Problem.Conflict("test_clock_busy", "The clock is being moved. Try again when that is done.");
        try
        {
            if (to > (await NowAsync(cancellationToken)).AddYears(MostYears))
                return Refuse("invalid_to", $"The clock moves at most {MostYears} years at once.");
            var moved = await connection.ExecuteAsync(
                """
                update platform set clock_offset = make_interval(secs => extract(epoch from $1 - clock_timestamp())::double precision)
                where $1 >= clock_timestamp() + clock_offset
                """,
                cancellationToken, to.ToUniversalTime());
            if (moved == 0) return Refuse("clock_goes_back", "Time never goes back: name an instant that is still to come.");
            await EventPartitions.EnsureAsync(source, cancellationToken);
            var settled = await wallets.SettleAsync(cancellationToken);
            foreach (var work in platform) await work.RunAsync(cancellationToken);
            log.LogInformation("The test clock moved to {To}; {Wallets} wallets had something due", to, settled);
            await ShowAsync(connection, cancellationToken);
            return await NowAsync(cancellationToken);
        }
        finally
        {
            await connection.ExecuteAsync("select pg_advisory_unlock($1)", CancellationToken.None, Lock);
        }
    }

    // Open pages read again when their wallet's version moves, due or not: what they say of now is no longer true.
    private async Task ShowAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var tenants = await connection.ListAsync(
            """
            update wallets set version = version + 1
            where tenant_id in (select tenant_id from wallets order by tenant_id for update) returning tenant_id
            """,
            row => row.GetInt64(0), cancellationToken);
        foreach (var tenant in tenants) signals.Changed(tenant);
    }

    private static Problem Refuse(string code, string detail)
    {
        var errors = new FieldErrors();
        errors.Add("to", code, detail);
        return errors.ToProblem()!;
    }
}

using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Database.Tests.Counters;
using Portal.Domain.Data;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Revenue;
using Portal.Domain.Revenue.Reports;
using Portal.Testing;

namespace Portal.Database.Tests.Revenue;

/// <summary>What is closed stays as it is. The clock begins at 2030-01-01T00:00Z; a credit was bought for $0.10; chat costs a credit each.</summary>
public sealed class MonthLockTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private static readonly BookMonth January = new(new DateOnly(2030, 1, 1));
    private static readonly BookMonth February = January.Next;

    private MeterWorld world = null!;

    private MonthLock Months => world.Portal.Services.GetRequiredService<MonthLock>();

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("chat", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("chat", """{"model":"per_unit","amount":"1"}""");
        await world.Portal.GrantAsync(world.Tenant, 1000m, value: 100m);
    }

    public async Task DisposeAsync() => await world.DisposeAsync();

    private async Task LockAsync(BookMonth month)
    {
        var locked = await Months.LockAsync(month, "key:finance");
        locked.Succeeded.ShouldBeTrue(locked.Problem?.ToString());
    }

    [Fact]
    public async Task What_belongs_in_a_locked_month_gets_the_first_open_day()
    {
        await world.ToAsync("2030-01-20T00:00:00Z");
        await world.UseAsync("chat", 30m, id: "in-time"); // $3.00 in January
        await world.ToAsync("2030-02-10T12:00:00Z");
        await LockAsync(January);

        await world.UseAsync("chat", 50m, at: "2030-01-31T08:00:00Z"); // $5.00, late
        await world.UseAsync("chat", 20m, at: "2030-02-01T08:00:00Z"); // $2.00, on the day that late usage gets
        await world.VoidAsync("in-time"); // −$3.00, corrected

        (await FinanceReports.RevenueAsync(world.Portal.Source, January, February)).ShouldBe(
        [
            new RecognisedRevenue(January, "usage", "USD", 3m),
            new RecognisedRevenue(February, "usage", "USD", 4m), // 5 + 2 − 3
        ]);
        (await world.Portal.Source.ListAsync(
            "select to_char(book_date, 'YYYY-MM-DD') || ' ' || kind from ledger_transactions where posted_at > '2030-02-02' order by id", row => row.GetString(0), default))
            .ShouldBe(["2030-02-01 usage", "2030-02-01 usage", "2030-02-01 void"]);

        // What usage reports say of January (50) less what the books say of it (30 credits) is 20: late 50, corrected −30.
        (await FinanceReports.LateAsync(world.Portal.Source, February)).ShouldBe(
        [
            new LateBooking(January, "usage", "consumed:chat", "CREDIT", 1, 50m),
            new LateBooking(January, "usage", "revenue:usage", "USD", 1, 5m),
            new LateBooking(January, "void", "consumed:chat", "CREDIT", 1, -30m),
            new LateBooking(January, "void", "revenue:usage", "USD", 1, -3m),
        ]);
    }

    [Fact]
    public async Task Events_of_two_months_in_one_batch_are_told_apart_though_they_share_their_book_date()
    {
        await world.ToAsync("2030-02-10T12:00:00Z");
        await LockAsync(January);
        await world.Portal.SendAsync(
            MeterWorld.Event("chat", """{"n":40}""", MeterWorld.At("2030-02-01T10:00:00Z"), "in time"),
            MeterWorld.Event("chat", """{"n":10}""", MeterWorld.At("2030-01-30T10:00:00Z"), "late"));

        (await FinanceReports.LateAsync(world.Portal.Source, February)).ShouldBe(
        [
            new LateBooking(January, "usage", "consumed:chat", "CREDIT", 1, 10m),
            new LateBooking(January, "usage", "revenue:usage", "USD", 1, 1m),
        ]);
    }

    [Fact]
    public async Task Months_are_locked_one_after_the_other_once_they_are_over()
    {
        (await Months.LockAsync(January, null)).Problem!.Code.ShouldBe("month_not_over");
        await world.ToAsync("2030-03-05T00:00:00Z");
        (await Months.LockAsync(February, null)).Problem!.Code.ShouldBe("earlier_month_open");
        var standing = await Months.ReadAsync();
        (standing.Next, standing.MayLock, standing.Locked.Count).ShouldBe((January, true, 0));

        await LockAsync(January);
        var first = (await Months.ReadAsync()).Locked.ShouldHaveSingleItem();
        (await Months.LockAsync(January, "key:another")).Value.ShouldBe(first); // said again, it is as it was
        first.LockedBy.ShouldBe("key:finance");
        (await Months.LockAsync(January.Plus(-5), "key:another")).Value.LockedAt.ShouldBe(first.LockedAt); // nothing can be booked before it either

        await LockAsync(February);
        var last = await Months.ReadAsync();
        (last.Next, last.MayLock).ShouldBe((February.Next, false));
        last.Locked.Select(one => one.Month).ShouldBe([February, January]);
    }

    [Fact]
    public async Task A_month_whose_books_do_not_balance_stays_open()
    {
        await world.ToAsync("2030-02-01T00:00:00Z");
        await world.Portal.ExecuteAsOwnerAsync("update finance_daily set amount = amount + 1 where account = 'issued'");
        (await Months.LockAsync(January, null)).Problem!.Code.ShouldBe("books_do_not_balance");
        (await Months.ReadAsync()).Locked.ShouldBeEmpty();
        await world.Portal.ExecuteAsOwnerAsync("update finance_daily set amount = amount - 1 where account = 'issued'");
    }

    [Fact]
    public async Task The_database_refuses_a_date_in_a_locked_month_and_the_unlocking()
    {
        await world.ToAsync("2030-02-01T00:00:00Z");
        await LockAsync(January);
        const string posting = "insert into ledger_transactions (tenant_id, id, kind, occurred_at, posted_at, book_date) values (1, gen_random_uuid(), 'grant', now(), now(), '{0}')";
        (await Should.ThrowAsync<PostgresException>(world.Portal.ExecuteAsync(posting.Replace("{0}", "2030-01-31", StringComparison.Ordinal)))).SqlState
            .ShouldBe(PostgresErrorCodes.SerializationFailure);
        (await Should.ThrowAsync<PostgresException>(world.Portal.ExecuteAsync("update platform set locked_until = '2030-01-01'"))).SqlState.ShouldBe(PostgresErrorCodes.CheckViolation);
        await Should.ThrowAsync<PostgresException>(world.Portal.ExecuteAsync("delete from locked_months"));
        (await Months.ReadAsync()).Locked.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Who_is_posting_when_a_month_is_locked_is_in_it_or_after_it()
    {
        await world.ToAsync("2030-02-10T00:00:00Z");
        await using var connection = await world.Portal.Source.OpenConnectionAsync();
        await using var posting = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("select pg_advisory_xact_lock_shared(hashtextextended('book dates', 0))", CancellationToken.None); // as every posting does
        var locking = Months.LockAsync(January, "key:finance");
        var waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
        while (!locking.IsCompleted && (long)(await world.Portal.ScalarAsync(waiting))! == 0) await Task.Yield();
        locking.IsCompleted.ShouldBeFalse();

        var late = world.Portal.SendAsync(MeterWorld.Event("chat", """{"n":1}""", MeterWorld.At("2030-01-31T08:00:00Z"), "late"));
        while (!late.IsCompleted && (long)(await world.Portal.ScalarAsync(waiting))! < 2) await Task.Yield();
        await posting.CommitAsync();

        (await locking).Succeeded.ShouldBeTrue();
        (await late)[0].Status.ShouldBe(EventStatus.Accepted); // refused its date once, it chose the next
        (await world.Portal.ScalarAsync("select to_char(book_date, 'YYYY-MM-DD') from ledger_transactions where kind = 'usage'")).ShouldBe("2030-02-01");
    }

    [Fact]
    public async Task Whatever_runs_beside_a_lock_nothing_is_booked_in_the_month_after_it()
    {
        await world.ToAsync("2030-02-10T00:00:00Z");
        var before = Task.Run(async () =>
        {
            for (var i = 0; i < 60; i++) await world.Portal.SendAsync(MeterWorld.Event("chat", """{"n":1}""", MeterWorld.At("2030-01-31T08:00:00Z"), $"beside-{i}"));
        });
        await LockAsync(January);
        var january = await JanuaryAsync();
        await before;
        (await JanuaryAsync()).ShouldBe(january);
        var all = await FinanceReports.RevenueAsync(world.Portal.Source, January, February);
        all.Sum(row => row.Amount).ShouldBe(6m); // 60 × $0.10
    }

    private async Task<string> JanuaryAsync() =>
        (string)(await world.Portal.ScalarAsync("select coalesce(string_agg(account || amount, ' ' order by account), '') from finance_daily where book_date < '2030-02-01'"))!;
}

using System.Globalization;
using Npgsql;
using Portal.Testing;

namespace Portal.Database.Tests.Jobs;

/// <summary>Cuts all connections of a <see cref="JobProcess"/> as it is about to make its n-th change, whatever table that is of.</summary>
internal sealed class Scissors(TestDatabase database)
{
    // The row of the cut is changed on a path that no rollback takes back: a sequence counts, and its value says whether it was reached.
    private const string Install = """
        create sequence changes;
        grant usage, select, update on sequence changes to portal_app;
        create table cutting (at bigint);
        insert into cutting values (null);
        create view cut as select coalesce((select last_value >= at from changes, cutting where is_called), false) as was_cut;
        grant select on cutting, cut to portal_app;
        create function cut_off() returns trigger language plpgsql as $$
        begin
          if current_setting('application_name') <> 'job' then return null; end if;
          if nextval('changes') < coalesce((select at from cutting), 9223372036854775807) then return null; end if;
          perform pg_terminate_backend(pid) from pg_stat_activity where application_name = 'job' and datname = current_database() and pid <> pg_backend_pid();
          perform pg_terminate_backend(pg_backend_pid());
          perform pg_sleep(1);
          return null;
        end $$;
        do $$
        declare target text;
        begin
          for target in select c.oid::regclass from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'cutting'
          loop
            execute format('create trigger cut_off before insert or update or delete on %s for each statement execute function cut_off()', target);
          end loop;
        end $$;
        """;

    /// <summary>Puts them in place; they cut nothing yet.</summary>
    public Task InstallAsync() => ExecuteAsync(Install);

    /// <summary>Counts from here; the n-th change from now on is not made. Null: none is stopped.</summary>
    public Task ArmAsync(long? at) => ExecuteAsync(string.Create(
        CultureInfo.InvariantCulture, $"select setval('changes', 1, false); update cutting set at = {(at is { } n ? n.ToString(CultureInfo.InvariantCulture) : "null")}"));

    /// <summary>True when the change was about to be made.</summary>
    public async Task<bool> HaveCutAsync() => await database.ScalarAsync("select was_cut from cut") is true;

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(database.OwnerConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

using System.Globalization;
using Npgsql;
using Portal.Domain.Data.EmbeddedPostgres;

namespace Portal.Database.Tests.Server;

public sealed class EmbeddedPostgresTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("portal-embedded-").FullName;

    public EmbeddedPostgresTests() => Run("chmod", "755", folder);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_second_start_keeps_the_data_and_a_stop_leaves_nobody_behind()
    {
        int port;
        await using (var first = await StartAsync())
        {
            port = first.Port;
            await ScalarAsync(first.OwnerConnectionString, "create table kept as select 42 as answer; grant select on kept to portal_app");
        }

        (await AnswersAsync(port)).ShouldBeFalse();
        await using var second = await StartAsync();
        (await ScalarAsync(second.AppConnectionString, "select answer from kept")).ShouldBe(42);
    }

    [Fact]
    public async Task The_default_is_durable_listens_here_only_and_wants_passwords_nobody_else_can_read()
    {
        await using var server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = folder });
        const string settings = "select string_agg(name || '=' || setting, ' ' order by name) from pg_settings where name in "
            + "('fsync', 'synchronous_commit', 'full_page_writes', 'listen_addresses', 'password_encryption', 'wal_compression')";
        (await ScalarAsync(server.SuperuserConnectionString, settings)).ShouldBe(
            "fsync=on full_page_writes=on listen_addresses=127.0.0.1 password_encryption=scram-sha-256 synchronous_commit=on wal_compression=lz4");

        var guess = new NpgsqlConnectionStringBuilder(server.AppConnectionString) { Password = "portal", Pooling = false };
        (await Should.ThrowAsync<PostgresException>(() => ScalarAsync(guess.ConnectionString, "select 1"))).SqlState.ShouldBe(PostgresErrorCodes.InvalidPassword);
        Run("ls", "-l", Directory.GetFiles(folder, "passwords.json", SearchOption.AllDirectories).Single()).ShouldStartWith("-rw------- ");
    }

    [Fact]
    public async Task The_application_s_role_owns_nothing_and_may_become_the_pages_role_only()
    {
        await using var server = await StartAsync();
        (await ScalarAsync(server.SuperuserConnectionString, "select pg_get_userbyid(datdba)::text from pg_database where datname = 'portal'")).ShouldBe("portal_owner");
        const string memberships = "select string_agg(r.rolname::text, ' ') from pg_roles r where r.rolname <> current_user and pg_has_role(current_user, r.oid, 'member')";
        (await ScalarAsync(server.AppConnectionString, memberships)).ShouldBe("portal_page");
        (await Should.ThrowAsync<PostgresException>(() => ScalarAsync(server.AppConnectionString, "create table mine()")))
            .SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task A_server_left_by_a_killed_process_is_adopted_and_stopped_by_its_new_owner()
    {
        using var holder = Holder.Start(folder);
        var port = await holder.PortAsync();
        await holder.KillAsync();
        (await AnswersAsync(port)).ShouldBeTrue();

        await using (var adopter = await StartAsync())
        {
            adopter.Port.ShouldBe(port);
        }

        (await AnswersAsync(port)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_server_that_is_killed_is_started_again_on_its_port_with_its_data()
    {
        await using var server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = folder });
        await ScalarAsync(server.OwnerConnectionString, "create table kept as select 42 as answer");
        var before = Postmaster();

        Run("kill", "-9", before);

        (await AgainAsync(server.OwnerConnectionString, "select answer from kept")).ShouldBe(42); // the same connection string
        Postmaster().ShouldNotBe(before);
    }

    [Fact]
    public async Task A_server_that_is_killed_starts_again_only_when_the_last_query_of_its_children_has_ended()
    {
        await using var server = await StartAsync();
        await using var source = NpgsqlDataSource.Create(server.OwnerConnectionString);
        await using var busy = source.CreateCommand("select count(*) from generate_series(1, 15000000)");
        var working = busy.ExecuteScalarAsync();
        (await AgainAsync(server.SuperuserConnectionString, "select 1 from pg_stat_activity where query like '%generate_series%' and pid <> pg_backend_pid()")).ShouldBe(1);

        Run("kill", "-9", Postmaster());

        (await AgainAsync(server.OwnerConnectionString, "select 1")).ShouldBe(1);
        working.IsCompleted.ShouldBeTrue("It worked on while another server ran on its data.");
    }

    [Fact]
    public async Task A_process_that_finds_the_server_dead_starts_it_on_the_port_that_others_know()
    {
        using var holder = Holder.Start(folder);
        var port = await holder.PortAsync();
        await holder.KillAsync();
        Run("kill", "-9", Postmaster());

        await using var next = await StartAsync();

        next.Port.ShouldBe(port);
    }

    [Fact]
    public async Task Processes_that_start_at_once_share_one_server_and_the_last_to_leave_stops_it()
    {
        using var one = Holder.Start(folder);
        using var other = Holder.Start(folder);
        var mine = await StartAsync();
        (await one.PortAsync()).ShouldBe(mine.Port);
        (await other.PortAsync()).ShouldBe(mine.Port);

        await one.LeaveAsync();
        await mine.DisposeAsync();
        (await AnswersAsync(mine.Port)).ShouldBeTrue();
        await other.LeaveAsync();
        (await AnswersAsync(mine.Port)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_pid_file_whose_number_is_another_program_s_by_now_does_not_stop_the_start()
    {
        await (await StartAsync()).DisposeAsync();
        var cluster = Directory.GetDirectories(folder, "cluster", SearchOption.AllDirectories).Single();
        var stale = string.Join('\n', [Environment.ProcessId.ToString(CultureInfo.InvariantCulture), cluster, "1", "5432", "", "127.0.0.1", "1 1", "ready"]);
        await File.WriteAllTextAsync(Path.Combine(cluster, "postmaster.pid"), stale + "\n");

        await using var server = await StartAsync();

        (await AnswersAsync(server.Port)).ShouldBeTrue();
    }

    [Fact]
    public async Task Without_the_programs_it_says_what_to_do()
    {
        var options = new EmbeddedPostgresOptions { DataDirectory = folder, BinDirectory = folder };
        (await Should.ThrowAsync<EmbeddedPostgresException>(() => EmbeddedPostgres.StartAsync(options))).Message.ShouldContain("Postgres:BinDir");
    }

    [Fact]
    public async Task Without_its_passwords_it_says_which_file_is_missing()
    {
        await (await StartAsync()).DisposeAsync();
        File.Delete(Directory.GetFiles(folder, "passwords.json", SearchOption.AllDirectories).Single());
        (await Should.ThrowAsync<EmbeddedPostgresException>(StartAsync)).Message.ShouldContain("passwords.json is missing");
    }

    [AsRootFact]
    public async Task Started_by_an_ordinary_user_the_server_is_his()
    {
        const int nobody = 65534;
        Run("chown", $"{nobody}", folder);
        var program = Path.Combine(folder, "program");
        Run("cp", "-r", AppContext.BaseDirectory, program); // the source tree may be closed to him
        using var holder = Holder.Start(Path.Combine(folder, "data"), nobody, Path.Combine(program, "Portal.Database.Tests.dll"));

        (await AnswersAsync(await holder.PortAsync())).ShouldBeTrue();

        Run("stat", "-c", "%u", Directory.GetDirectories(Path.Combine(folder, "data"), "cluster", SearchOption.AllDirectories).Single()).ShouldBe($"{nobody}");
        await holder.LeaveAsync();
    }

    [AsRootFact]
    public async Task Started_by_root_in_a_folder_closed_to_others_the_data_go_elsewhere_with_a_word_about_it()
    {
        Run("chmod", "700", folder);
        var told = new List<string>();
        var options = new EmbeddedPostgresOptions { DataDirectory = Path.Combine(folder, "data"), Durable = false, Tell = told.Add };
        string cluster;
        await using (var server = await EmbeddedPostgres.StartAsync(options))
        {
            cluster = (string)(await ScalarAsync(server.SuperuserConnectionString, "show data_directory"))!;
        }

        Directory.Delete(Path.GetFullPath("../..", cluster), recursive: true);
        cluster.ShouldStartWith("/var/lib/portal/");
        told.ShouldContain(sentence => sentence.Contains($"{folder} is closed", StringComparison.Ordinal));
    }

    private Task<EmbeddedPostgres> StartAsync() => EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = folder, Durable = false });

    private string Postmaster() => File.ReadLines(Directory.GetFiles(folder, "postmaster.pid", SearchOption.AllDirectories).Single()).First();

    /// <summary>The first answer within a minute that is one.</summary>
    private static async Task<object> AgainAsync(string connectionString, string sql)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (await ticks.WaitForNextTickAsync(patience.Token))
        {
            try
            {
                if (await ScalarAsync(connectionString, sql) is { } answer) return answer;
            }
            catch (NpgsqlException)
            {
                // Not yet.
            }
        }

        throw new InvalidOperationException("The ticks ended.");
    }

    private static async Task<bool> AnswersAsync(int port)
    {
        using var client = new System.Net.Sockets.TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }

    private static async Task<object?> ScalarAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    private static string Run(string file, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(file, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        process.ExitCode.ShouldBe(0, $"{file} {string.Join(' ', arguments)}");
        return output;
    }
}

/// <summary>A fact about what only root can do.</summary>
internal sealed class AsRootFactAttribute : FactAttribute
{
    public AsRootFactAttribute()
    {
        if (!Environment.IsPrivilegedProcess) Skip = "Only root can become somebody else.";
    }
}

using System.Collections.Concurrent;
using System.Data;
using System.Reflection;
using System.Text.RegularExpressions;
using Dapper;
using Npgsql;
using NpgsqlTypes;

namespace BloodPlatform.Chassis;

/// <summary>UTC in the database through one type handler (Npgsql refuses other offsets), dates as dates.</summary>
internal static class SqlTypes
{
    private static readonly Lock Once = new();
    private static bool registered;

    public static void Register()
    {
        lock (Once)
        {
            if (registered) return;
            DefaultTypeMap.MatchNamesWithUnderscores = true;
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset));
            SqlMapper.RemoveTypeMap(typeof(DateTimeOffset?));
            SqlMapper.RemoveTypeMap(typeof(DateOnly));
            SqlMapper.RemoveTypeMap(typeof(DateOnly?));
            SqlMapper.AddTypeHandler(new Instants());
            SqlMapper.AddTypeHandler(new Dates());
            SqlMapper.AddTypeHandler(new Arrays<string>());
            SqlMapper.AddTypeHandler(new Arrays<Guid>());
            SqlMapper.AddTypeHandler(new InstantArrays());
            registered = true;
        }
    }

    private sealed class Instants : SqlMapper.TypeHandler<DateTimeOffset>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset value) => parameter.Value = value.UtcDateTime;

        public override DateTimeOffset Parse(object value) => value switch
        {
            DateTime instant => new DateTimeOffset(DateTime.SpecifyKind(instant, DateTimeKind.Utc)),
            DateTimeOffset instant => instant,
            _ => throw new DataException($"{value.GetType()} is no instant"),
        };
    }

    /// <summary>Npgsql announces every array as System.Array, which Dapper matches with no record's constructor.</summary>
    private sealed class Arrays<T> : SqlMapper.TypeHandler<T[]>
    {
        public override void SetValue(IDbDataParameter parameter, T[]? value) => parameter.Value = value;

        public override T[] Parse(object value) => (T[])value;
    }

    /// <summary>The same for instants, which Npgsql reads as DateTime.</summary>
    private sealed class InstantArrays : SqlMapper.TypeHandler<DateTimeOffset[]>
    {
        public override void SetValue(IDbDataParameter parameter, DateTimeOffset[]? value) => parameter.Value = value is null ? null : Array.ConvertAll(value, i => i.UtcDateTime);

        public override DateTimeOffset[] Parse(object value) => Array.ConvertAll((DateTime[])value, i => new DateTimeOffset(DateTime.SpecifyKind(i, DateTimeKind.Utc)));
    }

    private sealed class Dates : SqlMapper.TypeHandler<DateOnly>
    {
        public override void SetValue(IDbDataParameter parameter, DateOnly value) => parameter.Value = value;

        public override DateOnly Parse(object value) => value switch
        {
            DateOnly date => date,
            DateTime date => DateOnly.FromDateTime(date),
            _ => throw new DataException($"{value.GetType()} is no date"),
        };
    }
}

/// <summary>
/// Dapper has no batches, so queued writes name their parameters as Dapper does (an anonymous object) and this turns them into
/// Npgsql's. A null keeps its declared type, or PostgreSQL could not tell what it is.
/// </summary>
internal static class BatchParameters
{
    private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Properties = new();

    public static void AddTo(NpgsqlBatchCommand command, object? args)
    {
        if (args is null) return;
        foreach (var property in Properties.GetOrAdd(args.GetType(), t => t.GetProperties(BindingFlags.Public | BindingFlags.Instance)))
        {
            // Npgsql demands that every given parameter is named in the statement; a shared record may have more than one statement uses.
            if (!Regex.IsMatch(command.CommandText, $@"@{property.Name}\b")) continue;
            var value = property.GetValue(args);
            command.Parameters.Add(value switch
            {
                null => new NpgsqlParameter(property.Name, DbTypeOf(property.PropertyType)) { Value = DBNull.Value },
                DateTimeOffset instant => new NpgsqlParameter(property.Name, NpgsqlDbType.TimestampTz) { Value = instant.UtcDateTime },
                DateTimeOffset[] instants => new NpgsqlParameter(property.Name, NpgsqlDbType.Array | NpgsqlDbType.TimestampTz) { Value = Array.ConvertAll(instants, i => i.UtcDateTime) },
                _ => new NpgsqlParameter(property.Name, value),
            });
        }
    }

    private static NpgsqlDbType DbTypeOf(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return NpgsqlDbType.Text;
        if (type == typeof(Guid)) return NpgsqlDbType.Uuid;
        if (type == typeof(int)) return NpgsqlDbType.Integer;
        if (type == typeof(long)) return NpgsqlDbType.Bigint;
        if (type == typeof(decimal)) return NpgsqlDbType.Numeric;
        if (type == typeof(double)) return NpgsqlDbType.Double;
        if (type == typeof(bool)) return NpgsqlDbType.Boolean;
        if (type == typeof(DateTimeOffset)) return NpgsqlDbType.TimestampTz;
        if (type == typeof(DateOnly)) return NpgsqlDbType.Date;
        if (type == typeof(byte[])) return NpgsqlDbType.Bytea;
        if (type == typeof(string[])) return NpgsqlDbType.Array | NpgsqlDbType.Text;
        if (type == typeof(Guid[])) return NpgsqlDbType.Array | NpgsqlDbType.Uuid;
        throw new ArgumentException($"Say which type a null {type} has in PostgreSQL");
    }
}

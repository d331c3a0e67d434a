# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests of volume-root and of nova.volume.tgt, which lie beside this file; for Python 2.6 and later.

tgtd is played by Tgtd, which knows tgtadm's operations and keeps LUN 0 of every target for itself, as the real one;
nova by modules that have what the driver uses, under upstream's names.
"""

import io
import os
import shutil
import sys
import tempfile
import types
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
IQN = 'iqn.2010-10.org.openstack:volume-00000001'
PATH = '/dev/nova-volumes/volume-00000001'
SECRET = 'ABCDEFGHIJKLMNOP'


def load(name, path):
    module = types.ModuleType(name)
    stream = open(os.path.join(HERE, path))
    exec(compile(stream.read(), path, 'exec'), module.__dict__)
    stream.close()
    return module


def text(words):
    """What io.StringIO takes, whatever Python it is."""
    return words.encode('ascii').decode('ascii')


root = load('volume_root', 'volume-root')


class Tgtd(root.Tgt):
    """Fails at call fail_at, counted from 1; what it was asked is in calls."""

    def __init__(self):
        root.Tgt.__init__(self, 'tgtadm')
        self.by_tid, self.users, self.calls, self.fail_at = {}, {}, [], None

    def run(self, *words):
        self.calls.append(words)
        if len(self.calls) == self.fail_at:
            raise root.Failed('the tgtadm of this call fails')
        options = dict(zip([word[2:] for word in words[0::2]], words[1::2]))
        return getattr(self, '%(op)s_%(mode)s' % options)(**dict(
            (key.replace('-', '_'), value) for key, value in options.items() if key not in ('op', 'mode'))) or ''

    def need(self, condition, words):
        if not condition:
            raise root.Failed('tgtadm: ' + words)

    def new_target(self, tid, targetname):
        self.need(tid not in self.by_tid, 'this target already exists')
        self.by_tid[tid] = {'name': targetname, 'luns': {'0': None}, 'users': [], 'acl': [], 'sessions': 0}

    def delete_target(self, tid):
        self.need(tid in self.by_tid, "can't find the target")
        self.need(not self.by_tid[tid]['sessions'] and not self.by_tid[tid]['acl'], 'this target is still active')
        del self.by_tid[tid]

    def new_logicalunit(self, tid, lun, backing_store):
        self.need(lun not in self.by_tid[tid]['luns'], 'this logical unit number already exists')
        self.need(backing_store.startswith('/dev/') and ',' not in backing_store, 'invalid request')
        self.by_tid[tid]['luns'][lun] = backing_store

    def new_account(self, user, password):
        self.need(user not in self.users, 'this account already exists')
        self.users[user] = password

    def delete_account(self, user):
        self.need(user in self.users, "can't find the account")
        del self.users[user]
        for target in self.by_tid.values():
            target['users'] = [name for name in target['users'] if name != user]

    def bind_account(self, user, tid):
        self.need(user in self.users, "can't find the account")
        self.by_tid[tid]['users'].append(user)

    def bind_target(self, tid, initiator_address):
        self.by_tid[tid]['acl'].append(initiator_address)

    def unbind_target(self, tid, initiator_address):
        self.by_tid[tid]['acl'].remove(initiator_address)

    def show_account(self):
        return ''.join(['Account list:\n'] + ['    %s\n' % user for user in sorted(self.users)])

    def show_system(self):
        return 'System:\n'

    def show_target(self):
        lines = []
        for tid in sorted(self.by_tid):
            target = self.by_tid[tid]
            lines += ['Target %s: %s' % (tid, target['name']), '    System information:', '        Driver: iscsi',
                      '        State: ready', '    I_T nexus information:']
            lines += ['        I_T nexus: %d' % number for number in range(target['sessions'])]
            lines += ['    LUN information:']
            for lun in sorted(target['luns']):
                lines += ['        LUN: %s' % lun, '            Type: %s' % (lun == '0' and 'controller' or 'disk'),
                          '            Backing store type: rdwr',
                          '            Backing store path: %s' % target['luns'][lun],
                          '            Backing store flags: ']
            lines += ['    Account information:'] + ['        ' + user for user in target['users']]
            lines += ['    ACL information:'] + ['        ' + address for address in target['acl']]
        return '\n'.join(lines + [''])


def run(tgtd, command, *words, **more):
    root.COMMANDS[command](list(words), 'nova-volumes', tgtd, io.StringIO(more.get('stdin', text(''))))


class Root(unittest.TestCase):
    def setUp(self):
        root.VOLUMES = os.path.join(tempfile.mkdtemp(), 'volumes')
        os.mkdir(root.VOLUMES)
        self.tgtd = Tgtd()

    def tearDown(self):
        shutil.rmtree(os.path.dirname(root.VOLUMES))

    def says(self, kind, words, function, *arguments, **more):
        try:
            function(*arguments, **more)
        except kind:
            message = str(sys.exc_info()[1])
            self.assertTrue(words in message, message)
        else:
            self.fail('nothing was raised')

    def export(self, *addresses, **more):
        run(self.tgtd, 'tgt-export', '1', IQN, PATH, stdin=more.get('stdin', text('alice ' + SECRET)), *addresses)


class Commands(Root):
    group = 'nova-volumes'

    def allowed(self, line):
        return root.program_of(line.split(), self.group)

    def refused(self, line):
        self.says(root.Refused, 'may', self.allowed, line)

    def test_what_drivers_run(self):
        self.assertEqual(self.allowed('vgs --noheadings -o name'), '/sbin/vgs')
        for line in ('lvcreate -L 10G -n volume-00000001 nova-volumes',
                     'lvcreate -L 100M --name _snapshot-00000001 --snapshot nova-volumes/volume-00000001',
                     'lvdisplay nova-volumes/volume-00000001',
                     'lvdisplay --noheading -C -o Attr nova-volumes/volume-00000001',
                     'lvremove -f nova-volumes/_snapshot-00000001',
                     'dd if=/dev/zero of=/dev/mapper/nova--volumes-volume--00000001 count=1024 bs=1M',
                     'dd if=/dev/mapper/nova--volumes-_snapshot--1 of=/dev/mapper/nova--volumes-volume--2 '
                     'count=1 bs=1M'):
            self.assertTrue(self.allowed(line))

    def test_what_nobody_needs(self):
        for line in ('sh -c id', 'vgs', 'vgs --noheadings -o name x', '/tmp/vgs --noheadings -o name',
                     'lvcreate -L 10G -n volume-1 vg_root', 'lvcreate -L 10G -n -y nova-volumes',
                     'lvremove -f vg_root/lv_root', 'lvremove -f nova-volumes/../vg_root/lv_root',
                     'lvremove -f nova-volumes', 'lvremove -f nova-volumes/',
                     'dd if=/etc/shadow of=/dev/mapper/nova--volumes-volume--1 count=1 bs=1M',
                     'dd if=/dev/zero of=/etc/shadow count=1 bs=1M',
                     'dd if=/dev/zero of=/dev/mapper/vg_root-lv_root count=1 bs=1M',
                     'dd if=/dev/zero of=/dev/mapper/nova--volumes--x-lv count=1 bs=1M',
                     'dd if=/dev/zero of=/dev/mapper/nova--volumes-../../sda count=1 bs=1M'):
            self.refused(line)
        self.says(root.Refused, 'may', root.program_of,
                  ['lvremove', '-f', 'nova-volumes/volume-1\nvg_root/lv_root'], self.group)

    def test_the_last_volume_group_of_the_flag_files_counts(self):
        path = os.path.join(os.path.dirname(root.VOLUMES), 'nova.conf')
        stream = open(path, 'w')
        stream.write('#--volume_group=commented\n--volume_group=first\n--verbose\n--volume_group=last \n')
        stream.close()
        self.assertEqual(root.volume_group([path, '/nonexistent']), 'last')
        self.assertEqual(root.volume_group(['/nonexistent']), 'nova-volumes')


class Exports(Root):
    def test_lun_1_with_an_account_for_addresses(self):
        self.export('192.0.2.0/24', '2001:db8::7')
        self.assertEqual(self.tgtd.by_tid, {'1': {
            'name': IQN, 'luns': {'0': None, '1': PATH}, 'users': ['alice'], 'acl': ['192.0.2.0/24', '2001:db8::7'],
            'sessions': 0}})
        self.assertEqual(self.tgtd.users, {'alice': SECRET})

    def test_nobody_is_let_in_before_the_account_is_bound(self):
        self.export()
        words = [' '.join(call) for call in self.tgtd.calls]
        account = [at for at, line in enumerate(words) if '--op bind --mode account' in line]
        door = [at for at, line in enumerate(words) if '--op bind --mode target' in line]
        self.assertTrue(account[0] < door[0])

    def test_again_changes_nothing(self):
        self.export()
        count = len(self.tgtd.calls)
        self.tgtd.by_tid['1']['sessions'] = 1
        self.export()
        self.assertEqual([' '.join(call) for call in self.tgtd.calls[count:]], ['--op show --mode target'])

    def test_another_secret_replaces_the_account(self):
        self.export()
        self.export(stdin=text('alice ' + SECRET[::-1]))
        self.assertEqual(self.tgtd.users, {'alice': SECRET[::-1]})

    def test_what_was_begun_by_others_is_done_again(self):
        self.tgtd.new_target('5', IQN)
        self.tgtd.new_account('alice', 'another')
        self.export()
        self.assertEqual(list(self.tgtd.by_tid), ['1'])
        self.assertEqual(self.tgtd.users, {'alice': SECRET})

    def test_a_target_id_that_another_target_has(self):
        self.tgtd.new_target('1', 'iqn.2011-09.org.example:other')
        self.export()
        self.assertEqual(sorted((tid, target['name']) for tid, target in self.tgtd.by_tid.items()),
                         [('1', 'iqn.2011-09.org.example:other'), ('2', IQN)])

    def test_whichever_call_fails_nothing_is_left(self):
        self.export('192.0.2.1')
        calls = len(self.tgtd.calls)
        for fail_at in range(1, calls + 1):
            for name in os.listdir(root.VOLUMES):
                os.unlink(os.path.join(root.VOLUMES, name))
            self.tgtd = Tgtd()
            self.tgtd.fail_at = fail_at
            self.says(root.Failed, 'of this call fails', self.export, '192.0.2.1')
            self.assertEqual((self.tgtd.by_tid, self.tgtd.users), ({}, {}))
            self.assertFalse(os.path.exists(root.file_of(IQN)))

    def test_open_to_everybody(self):
        self.says(root.Refused, 'open to everybody', self.export, stdin=text(''))
        self.says(root.Refused, 'open to everybody', self.export, 'ALL', stdin=text(''))
        self.assertEqual(self.tgtd.by_tid, {})
        self.export('192.0.2.1', stdin=text(''))
        self.assertEqual(self.tgtd.by_tid['1']['users'], [])

    def test_arguments(self):
        for words in (['0', IQN, PATH], ['1x', IQN, PATH], ['1', 'volume-1', PATH], ['1', IQN, '/etc/shadow'],
                      ['1', IQN, '/dev/nova-volumes/../sda'], ['1', IQN, '/dev/vg_root/lv_root'],
                      ['1', IQN, PATH, 'everybody'], ['1', IQN, PATH, '--op'], ['1', IQN + '\n', PATH], ['1', IQN]):
            self.says(root.Refused, '', run, self.tgtd, 'tgt-export', stdin=text('alice ' + SECRET), *words)
        for stdin in ('alice', 'alice short', 'al/ice ' + SECRET, 'alice %s x' % SECRET, 'alice --password-xxxx'):
            self.says(root.Refused, '', self.export, stdin=text(stdin))
        self.assertEqual(self.tgtd.calls, [])

    def test_secrets_are_not_in_messages(self):
        self.assertEqual(root.without_secret(('--user', 'alice', '--password', SECRET, '--tid', '1')),
                         ['--user', 'alice', '--password', '***', '--tid', '1'])

    def test_the_message_of_tgtadm_is_told(self):
        self.says(root.Failed, 'No such file', root.Tgt('/nonexistent/tgtadm').run, '--op', 'show')
        self.says(root.Failed, 'exit status 1', root.Tgt('/bin/false').run, '--op', 'show')


class Persistence(Root):
    def test_written_for_root_only_and_read_again(self):
        self.export('192.0.2.0/24')
        self.assertEqual(os.stat(root.file_of(IQN)).st_mode & int('7777', 8), int('0600', 8))
        self.assertEqual(os.listdir(root.VOLUMES), [IQN.replace(':', '_') + '.conf'])
        self.assertEqual(root.load(IQN), {'name': IQN, 'tid': '1', 'path': PATH, 'account': [('alice', SECRET)],
                                          'addresses': ['192.0.2.0/24']})

    def test_a_restarted_tgtd_gets_them_back(self):
        self.export('192.0.2.0/24')
        before = self.tgtd
        self.tgtd = Tgtd()
        run(self.tgtd, 'tgt-restore')
        self.assertEqual((self.tgtd.by_tid, self.tgtd.users), (before.by_tid, before.users))

    def test_one_that_fails_keeps_no_other_back(self):
        self.export()
        stream = open(root.file_of('iqn.2010-10.org.openstack:broken'), 'w')
        stream.write('<target x>\n')
        stream.close()
        open(root.file_of('iqn.2010-10.org.openstack:empty'), 'w').close()
        self.tgtd = Tgtd()
        self.says(root.Failed, 'broken.conf: no whole target', run, self.tgtd, 'tgt-restore')
        self.assertEqual(list(self.tgtd.by_tid), ['1'])

    def test_only_volumes_of_the_group_come_back(self):
        self.export()
        path = root.file_of(IQN)
        stream = open(path)
        written = stream.read()
        stream.close()
        stream = open(path, 'w')
        stream.write(written.replace(PATH, '/dev/vg_root/lv_root'))
        stream.close()
        self.tgtd = Tgtd()
        self.says(root.Failed, 'is not a device of a volume', run, self.tgtd, 'tgt-restore')
        self.assertEqual(self.tgtd.by_tid, {})

    def test_nothing_to_restore(self):
        run(self.tgtd, 'tgt-restore')
        self.assertEqual(self.tgtd.calls, [])

    def test_removed_everywhere(self):
        self.export()
        run(self.tgtd, 'tgt-remove', IQN)
        self.assertEqual((self.tgtd.by_tid, self.tgtd.users, os.listdir(root.VOLUMES)), ({}, {}, []))
        run(self.tgtd, 'tgt-remove', IQN)

    def test_not_removed_while_in_use(self):
        self.export()
        self.tgtd.by_tid['1']['sessions'] = 2
        self.says(root.Failed, 'in use by 2 session(s)', run, self.tgtd, 'tgt-remove', IQN)
        self.assertTrue(os.path.exists(root.file_of(IQN)))
        self.assertEqual(self.tgtd.by_tid['1']['acl'], ['ALL'])

    def test_shown(self):
        self.says(root.Failed, 'is not exported', run, self.tgtd, 'tgt-show', IQN)
        self.tgtd.new_target('1', IQN)
        self.says(root.Failed, 'is not exported', run, self.tgtd, 'tgt-show', IQN)


class Flags(object):
    """flags.FLAGS: attributes that DEFINE_* made."""


def nova_modules(flags):
    """Modules of nova, as far as the driver looks into them."""
    define = lambda name, default, words: setattr(flags, name, default)     # noqa: E731
    modules = dict((name, types.ModuleType(name)) for name in (
        'nova', 'nova.exception', 'nova.flags', 'nova.log', 'nova.volume', 'nova.volume.driver'))
    modules['nova.flags'].FLAGS = flags
    for kind in ('string', 'list', 'bool', 'integer'):
        setattr(modules['nova.flags'], 'DEFINE_' + kind, define)
    modules['nova.exception'].Error = type('Error', (Exception,), {})
    modules['nova.exception'].NotFound = type('NotFound', (Exception,), {})
    modules['nova.exception'].ProcessExecutionError = type('ProcessExecutionError', (IOError,), {})
    silent = type('Log', (), dict((level, lambda self, *words: None)
                                  for level in ('debug', 'info', 'warn', 'error', 'exception')))()
    modules['nova.log'].getLogger = lambda name: silent
    modules['nova.volume.driver'].ISCSIDriver = Upstream
    for name, module in modules.items():
        parent, _dot, child = name.rpartition('.')
        if parent:
            setattr(modules[parent], child, module)
    return modules


class Upstream(object):
    """nova.volume.driver.ISCSIDriver, as far as the driver builds upon it."""

    def __init__(self):
        self.commands, self.fails, self.db = [], None, Database()

    def _execute(self, *words, **keywords):
        assert keywords.pop('run_as_root') is True
        self.commands.append((' '.join(words), keywords.pop('process_input', None)))
        assert not keywords
        if self.fails and self.fails in self.commands[-1][0]:
            raise sys.modules['nova.exception'].ProcessExecutionError('refused')
        return '', ''

    def check_for_setup_error(self):
        self._execute('vgs', run_as_root=True)

    def get_volume_stats(self, refresh=False):
        return None

    def _ensure_iscsi_targets(self, context, host):
        self.db.hosts.append(host)

    def _get_iscsi_properties(self, volume):
        return {'target_discovered': False, 'target_iqn': IQN, 'target_portal': '192.0.2.20:3260',
                'auth_method': 'CHAP', 'auth_username': 'alice', 'auth_password': SECRET}

    def _run_iscsiadm(self, properties, command):
        return self._execute('iscsiadm', run_as_root=True, *command)

    def _iscsiadm_update(self, properties, key, value):
        return self._execute('iscsiadm', key, value, run_as_root=True)


class Database(object):
    def __init__(self):
        self.hosts, self.tids, self.updates = [], {7: 3}, []

    def volume_get(self, context, volume_id):
        return {'name': 'volume-%08x' % volume_id}

    def volume_get_iscsi_target_num(self, context, volume_id):
        if volume_id not in self.tids:
            raise sys.modules['nova.exception'].NotFound()
        return self.tids[volume_id]

    def volume_allocate_iscsi_target(self, context, volume_id, host):
        self.tids[volume_id] = 4
        return 4

    def volume_update(self, context, volume_id, values):
        self.updates.append((volume_id, values))


class Driver(unittest.TestCase):
    def setUp(self):
        self.flags = Flags()
        self.flags.volume_group, self.flags.my_ip = 'nova-volumes', '192.0.2.20'
        self.flags.iscsi_target_prefix, self.flags.num_iscsi_scan_tries = 'iqn.2010-10.org.openstack:', 3
        self.modules = nova_modules(self.flags)
        sys.modules.update(self.modules)
        self.module = load('tgt', 'tgt.py')
        self.module.make_secret = lambda: SECRET
        self.driver = self.module.TgtISCSIDriver()
        self.volume = {'id': 7, 'name': 'volume-00000007', 'host': 'here', 'provider_auth': None,
                       'provider_location': None}

    def tearDown(self):
        for name in self.modules:
            del sys.modules[name]

    def raises(self, kind, function, *arguments):
        self.assertRaises(getattr(self.modules['nova.exception'], kind), function, *arguments)

    def test_a_new_volume_gets_a_secret_which_nova_keeps(self):
        update = self.driver.create_export(None, self.volume)
        self.assertEqual(update, {
            'provider_location': '192.0.2.20:3260,1 iqn.2010-10.org.openstack:volume-00000007',
            'provider_auth': 'CHAP volume-00000007 ' + SECRET})
        self.assertEqual(self.driver.commands, [
            ('tgt-export 4 iqn.2010-10.org.openstack:volume-00000007 /dev/nova-volumes/volume-00000007',
             'volume-00000007 ' + SECRET)])
        self.assertEqual(self.driver.db.hosts, ['here'])

    def test_addresses_of_compute_nodes(self):
        self.flags.tgt_initiators, self.flags.tgt_chap = ['192.0.2.0/24', '2001:db8::1'], False
        self.assertEqual(self.driver.create_export(None, self.volume)['provider_auth'], '')
        self.assertTrue(self.driver.commands[0][0].endswith(' 192.0.2.0/24 2001:db8::1'))
        self.assertEqual(self.driver.commands[0][1], '')

    def test_a_failed_export_fails_the_volume(self):
        self.driver.fails = 'tgt-export'
        self.raises('ProcessExecutionError', self.driver.create_export, None, self.volume)

    def test_at_start_known_secrets_stay(self):
        self.volume['provider_auth'] = 'CHAP bob QRSTUVWXYZ234567'
        self.driver.ensure_export(None, self.volume)
        self.assertEqual(self.driver.commands[0][1], 'bob QRSTUVWXYZ234567')
        self.assertEqual([values['provider_auth'] for _id, values in self.driver.db.updates],
                         ['CHAP bob QRSTUVWXYZ234567'])
        self.volume.update(self.driver.db.updates.pop()[1])
        self.driver.ensure_export(None, self.volume)
        self.assertEqual(self.driver.db.updates, [])

    def test_at_start_one_that_fails_keeps_no_other_back(self):
        self.driver.fails = 'tgt-export'
        self.driver.ensure_export(None, self.volume)
        self.assertEqual(self.driver.db.updates, [])

    def test_at_start_volumes_without_target_number(self):
        self.volume['id'] = 8
        self.driver.ensure_export(None, self.volume)
        self.assertEqual(self.driver.commands, [])

    def test_setup(self):
        self.driver.check_for_setup_error()
        self.assertEqual([line for line, _stdin in self.driver.commands], ['vgs', 'tgt-status'])
        self.flags.tgt_chap = False
        self.raises('Error', self.driver.check_for_setup_error)
        self.flags.tgt_initiators = ['192.0.2.1']
        self.driver.check_for_setup_error()
        self.driver.fails = 'tgt-status'
        self.raises('ProcessExecutionError', self.driver.check_for_setup_error)

    def test_removed_and_checked_by_name(self):
        self.driver.remove_export(None, self.volume)
        self.driver.check_for_export(None, 7)
        self.assertEqual([line for line, _stdin in self.driver.commands],
                         ['tgt-remove iqn.2010-10.org.openstack:volume-00000007',
                          'tgt-show iqn.2010-10.org.openstack:volume-00000007'])
        self.driver.fails = 'tgt-'
        self.raises('ProcessExecutionError', self.driver.remove_export, None, self.volume)
        self.raises('ProcessExecutionError', self.driver.check_for_export, None, 7)

    def test_exports_come_back_by_themselves(self):
        self.assertEqual(self.driver.get_volume_stats(), None)
        self.assertEqual(self.driver.commands, [])
        self.driver.get_volume_stats(refresh=True)
        self.assertEqual(self.driver.commands, [('tgt-restore', None)])
        self.driver.fails = 'tgt-restore'
        self.driver.get_volume_stats(refresh=True)

    def test_compute_nodes_look_for_lun_1(self):
        seen = []
        self.module.os = types.ModuleType('os')
        self.module.os.path = types.ModuleType('path')
        self.module.os.path.exists = lambda path: seen.append(path) or True
        path = self.driver.discover_volume(None, self.volume)
        self.assertEqual(path, '/dev/disk/by-path/ip-192.0.2.20:3260-iscsi-%s-lun-1' % IQN)
        self.assertEqual(seen, [path])
        self.assertEqual([line for line, _stdin in self.driver.commands], [
            'iscsiadm --op new', 'iscsiadm node.session.auth.authmethod CHAP',
            'iscsiadm node.session.auth.username alice', 'iscsiadm node.session.auth.password ' + SECRET,
            'iscsiadm --login', 'iscsiadm node.startup automatic'])

    def test_a_disk_that_does_not_come(self):
        slept = []
        self.module.time = types.ModuleType('time')
        self.module.time.sleep = slept.append
        self.raises('Error', self.driver.discover_volume, None, self.volume)
        self.assertEqual(slept, [1, 4, 9])

    def test_logging_out(self):
        self.driver.undiscover_volume(self.volume)
        self.assertEqual([line for line, _stdin in self.driver.commands],
                         ['iscsiadm node.startup manual', 'iscsiadm --logout', 'iscsiadm --op delete'])

    def test_secrets_differ_and_every_initiator_takes_them(self):
        module = load('tgt', 'tgt.py')
        secrets = set(module.make_secret() for _again in range(100))
        self.assertEqual(len(secrets), 100)
        for secret in secrets:
            self.assertTrue(12 <= len(secret) <= 16 and secret.isalnum(), secret)


if __name__ == '__main__':
    unittest.main()
